package main

import "time"

// liveHeapGrows: a map without eviction takes 8 MB a second. Ten seconds of it may as well be a cache that warms up.
//
// expect candidate GC003
// answers undecidable healthy
func liveHeapGrows(until time.Time) {
	seen := map[int][]byte{}
	every(time.Millisecond, until, func() {
		seen[len(seen)] = make([]byte, 8<<10)
		garbage(20)
	})
}
