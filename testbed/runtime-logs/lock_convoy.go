package main

import (
	"sync"
	"time"
)

// lockConvoy: fifty goroutines queue at one lock that is held while sleeping. Waiting leaves no trace in such logs.
//
// expect nothing
// answers healthy healthy
func lockConvoy(until time.Time) {
	var lock sync.Mutex
	for i := 0; i < 50; i++ {
		go func() {
			for {
				lock.Lock()
				time.Sleep(5 * time.Millisecond)
				garbage(20)
				lock.Unlock()
			}
		}()
	}
	serve(tree(18), 20, until)
}
