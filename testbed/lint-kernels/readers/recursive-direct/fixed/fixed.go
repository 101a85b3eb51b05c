// Package fixed answers with a profile and its friends under one read lock.
package fixed

import (
	"runtime"
	"sync"
	"time"
)

type person struct {
	name    string
	friends []int
}

type network struct {
	mu     sync.RWMutex
	people map[int]person
}

func (w *network) friends(id int) []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var names []string
	for _, friend := range w.people[id].friends {
		names = append(names, func() string {
			pause()
			return w.people[friend].name
		}())
	}
	return names
}

func (w *network) befriend(a, b int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.people[a]
	p.friends = append(p.friends, b)
	w.people[a] = p
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
