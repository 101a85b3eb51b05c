package main

import "time"

// bursty: every two seconds a fifth of a second of hard work.
//
// expect nothing
// answers healthy healthy
func bursty(until time.Time) {
	live := tree(18)
	every(2*time.Second, until, func() {
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
			garbage(500)
		}
	})
	keep(live)
}
