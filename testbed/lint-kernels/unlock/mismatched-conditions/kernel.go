// Package kernel writes to a file that may be shared; it locks under one condition and unlocks under another.
package kernel

import "sync"

type file struct {
	mu     sync.Mutex
	shared bool
	sync   bool
	lines  []string
}

func (f *file) write(line string) int {
	if f.shared {
		f.mu.Lock() // via; stuck
	}
	f.lines = append(f.lines, line)
	written := len(f.lines)
	if f.sync {
		f.mu.Unlock() // want DL006|LO004
	}
	return written
}
