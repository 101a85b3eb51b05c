package main

import "time"

// liveHeapGrowsLong: 12 MB a minute for more than the quarter of an hour in which caches warm up.
//
// for 17m
// expect GC003
// answers wrong healthy
func liveHeapGrowsLong(until time.Time) {
	seen := map[int][]byte{}
	every(100*time.Millisecond, until, func() {
		seen[len(seen)] = make([]byte, 20<<10)
		garbage(500)
	})
}
