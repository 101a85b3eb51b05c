// Package kernel takes the first free worker of a list and leaves the loop with its lock.
package kernel

import "sync"

type worker struct {
	mu   sync.Mutex
	busy bool
	name string
}

func claim(workers []*worker) string {
	claimed := ""
	for _, w := range workers {
		w.mu.Lock() // via; stuck
		if !w.busy {
			w.busy = true
			claimed = w.name
			break // want DL006
		}
		w.mu.Unlock()
	}
	return claimed
}
