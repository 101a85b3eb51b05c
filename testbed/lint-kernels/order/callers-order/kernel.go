// Package kernel locks several seats at once, in the order in which its caller names them.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type seat struct {
	number int
	mu     sync.Mutex
	taken  bool
}

func reserve(seats ...*seat) bool {
	lockAll(seats) // via; stuck
	defer unlockAll(seats)
	for _, s := range seats {
		if s.taken {
			return false
		}
	}
	for _, s := range seats {
		s.taken = true
	}
	return true
}

func lockAll(seats []*seat) {
	for _, s := range seats {
		s.mu.Lock() // want DL002; stuck
		pause()
	}
}

func unlockAll(seats []*seat) {
	for _, s := range seats {
		s.mu.Unlock()
	}
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
