package main

import "time"

// assistHeavy: eight goroutines allocate so fast that they must mark themselves.
//
// expect GC001 GC004
// answers wrong healthy
func assistHeavy(until time.Time) {
	live := tree(21)
	for i := 0; i < 8; i++ {
		go func() {
			for time.Now().Before(until) {
				tree(12)
			}
		}()
	}
	time.Sleep(time.Until(until))
	keep(live)
}
