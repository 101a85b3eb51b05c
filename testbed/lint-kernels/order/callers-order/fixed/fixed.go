// Package fixed locks several seats at once, in the order of their numbers.
package fixed

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

type seat struct {
	number int
	mu     sync.Mutex
	taken  bool
}

func reserve(seats ...*seat) bool {
	lockAll(seats)
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
	ordered := slices.SortedFunc(slices.Values(seats), func(a, b *seat) int { return a.number - b.number })
	for _, s := range ordered {
		s.mu.Lock()
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
