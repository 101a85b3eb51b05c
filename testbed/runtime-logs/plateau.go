package main

import "time"

// plateau: grows for six seconds, then stands.
//
// expect nothing
// answers healthy healthy
func plateau(until time.Time) {
	var seen [][]byte
	every(time.Millisecond, until, func() {
		if len(seen) < 6000 {
			seen = append(seen, make([]byte, 8<<10))
		}
		garbage(30)
	})
}
