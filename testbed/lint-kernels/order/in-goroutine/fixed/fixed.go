// Package fixed mirrors two regions; both goroutines lock east before west.
package fixed

import (
	"runtime"
	"sync"
	"time"
)

type region struct {
	mu   sync.Mutex
	keys map[string]string
}

func newRegion(key string) *region {
	return &region{keys: map[string]string{key: key}}
}

func mirror(east, west *region) {
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		east.mu.Lock()
		defer east.mu.Unlock()
		pause()
		west.mu.Lock()
		defer west.mu.Unlock()
		merge(west.keys, east.keys)
	}()
	go func() {
		defer wg.Done()
		east.mu.Lock()
		defer east.mu.Unlock()
		west.mu.Lock()
		defer west.mu.Unlock()
		pause()
		merge(east.keys, west.keys)
	}()
	wg.Wait()
}

func merge(into, from map[string]string) {
	for key, value := range from {
		into[key] = value
	}
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
