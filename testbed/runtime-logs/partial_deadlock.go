package main

import (
	"sync"
	"time"
)

// partialDeadlock: two goroutines hold what the other wants; the rest of the process goes on.
//
// expect nothing
// answers healthy healthy
func partialDeadlock(until time.Time) {
	var one, other sync.Mutex
	grab := func(first, second *sync.Mutex) {
		first.Lock()
		time.Sleep(100 * time.Millisecond)
		second.Lock()
	}
	go grab(&one, &other)
	go grab(&other, &one)
	serve(tree(18), 20, until)
}
