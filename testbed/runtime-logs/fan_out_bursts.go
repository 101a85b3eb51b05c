package main

import (
	"sync"
	"time"
)

// fanOutBursts: every two seconds 400 goroutines at once, done at once.
//
// expect nothing
// answers healthy healthy
func fanOutBursts(until time.Time) {
	go serve(tree(18), 20, until)
	every(2*time.Second, until, func() {
		var all sync.WaitGroup
		for i := 0; i < 400; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				garbage(10)
			}()
		}
		all.Wait()
	})
}
