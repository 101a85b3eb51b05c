// Package fixed answers with a profile and its friends under one read lock.
package fixed

import (
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
			time.Sleep(50 * time.Millisecond)
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
