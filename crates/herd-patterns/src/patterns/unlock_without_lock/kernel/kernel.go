// Package kernel loads cars on a ferry; when it is full, the lock is released twice.
package kernel

import "sync"

type ferry struct {
	mu   sync.Mutex
	free int
	left []string
}

// Run sends n cars to a ferry that is full: the first ends the process.
func Run(n int) {
	f := &ferry{}
	for car := 0; car < n; car++ {
		f.board("B-XY 123")
	}
}

func (f *ferry) board(plate string) {
	f.mu.Lock()
	if f.free == 0 {
		f.left = append(f.left, plate)
		f.mu.Unlock()
	} else {
		f.free--
	}
	f.mu.Unlock() // want LO004
}
