// Package fixed writes to a file that may be shared and unlocks under the condition under which it locked.
package fixed

import "sync"

type file struct {
	mu     sync.Mutex
	shared bool
	sync   bool
	lines  []string
}

func (f *file) write(line string) int {
	if f.shared {
		f.mu.Lock()
	}
	f.lines = append(f.lines, line)
	written := len(f.lines)
	if f.shared {
		f.mu.Unlock()
	}
	return written
}
