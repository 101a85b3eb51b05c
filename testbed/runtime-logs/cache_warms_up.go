package main

import "time"

// cacheWarmsUp: a cache of 64 MB fills in the first four seconds and then turns entries over.
//
// expect nothing
// answers healthy healthy
func cacheWarmsUp(until time.Time) {
	cache := map[int][]byte{}
	const entries = 4096
	next := 0
	every(time.Millisecond, until, func() {
		cache[next%entries] = make([]byte, 16<<10)
		next++
		garbage(10)
	})
}
