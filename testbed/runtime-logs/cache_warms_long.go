package main

import "time"

// cacheWarmsLong: a cache fills for five minutes, stays as it is for twelve.
//
// for 17m
// expect nothing
// answers healthy healthy
func cacheWarmsLong(until time.Time) {
	cache := map[int][]byte{}
	const entries = 3000
	next := 0
	every(100*time.Millisecond, until, func() {
		cache[next%entries] = make([]byte, 24<<10)
		next++
		garbage(500)
	})
}
