package main

import "time"

// batch: jobs that gather 60 MB and let go of it.
//
// expect nothing
// answers healthy healthy
func batch(until time.Time) {
	for time.Now().Before(until) {
		var gathered [][]byte
		end := time.Now().Add(1500 * time.Millisecond)
		if end.After(until) {
			end = until
		}
		every(10*time.Millisecond, end, func() { gathered = append(gathered, make([]byte, 400<<10)) })
		time.Sleep(300 * time.Millisecond)
	}
}
