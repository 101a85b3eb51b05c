package main

import "time"

// smallLeak: twenty goroutines a second wait for ever. Their stacks stay below the MB that is printed.
//
// expect nothing
// answers healthy healthy
func smallLeak(until time.Time) {
	never := make(chan int)
	live := tree(18)
	every(50*time.Millisecond, until, func() {
		go func() { <-never }()
		garbage(1000)
	})
	keep(live)
}
