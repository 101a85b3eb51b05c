// Package kernel mirrors two regions of a store, each direction in a goroutine of its own.
package kernel

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
		east.mu.Lock() // via
		defer east.mu.Unlock()
		pause()
		west.mu.Lock() // via; stuck
		defer west.mu.Unlock()
		merge(west.keys, east.keys)
	}()
	go func() {
		defer wg.Done()
		west.mu.Lock() // via
		defer west.mu.Unlock()
		pause()
		east.mu.Lock() // want DL002; stuck
		defer east.mu.Unlock()
		merge(east.keys, west.keys)
	}()
	wg.Wait() // stuck
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
