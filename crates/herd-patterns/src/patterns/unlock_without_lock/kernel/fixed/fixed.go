// Package fixed loads cars on a ferry; the lock is released once, wherever the function ends.
package fixed

import "sync"

type ferry struct {
	mu   sync.Mutex
	free int
	left []string
}

// Run sends n cars to a ferry that is full: all of them stay behind.
func Run(n int) {
	f := &ferry{}
	for car := 0; car < n; car++ {
		f.board("B-XY 123")
	}
}

func (f *ferry) board(plate string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.free == 0 {
		f.left = append(f.left, plate)
	} else {
		f.free--
	}
}
