// Package fixed takes the first free worker of a list; it unlocks before it leaves the loop.
package fixed

import "sync"

type worker struct {
	mu   sync.Mutex
	busy bool
	name string
}

func claim(workers []*worker) string {
	claimed := ""
	for _, w := range workers {
		w.mu.Lock()
		if !w.busy {
			w.busy = true
			claimed = w.name
			w.mu.Unlock()
			break
		}
		w.mu.Unlock()
	}
	return claimed
}
