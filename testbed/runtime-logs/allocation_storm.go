package main

import "time"

// allocationStorm: hot paths on both processors allocate as fast as they can over a middling heap, and are made to help with marking.
//
// expect GC001 GC004
// answers wrong healthy
func allocationStorm(until time.Time) {
	live := tree(19)
	go func() {
		for {
			garbage(1000)
		}
	}()
	for time.Now().Before(until) {
		tree(8)
	}
	keep(live)
}
