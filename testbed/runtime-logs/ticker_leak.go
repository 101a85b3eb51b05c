package main

import "time"

// tickerLeak: a ticker a millisecond that nobody stops. Such logs do not show timers.
//
// expect nothing
// answers healthy healthy
func tickerLeak(until time.Time) {
	live := tree(18)
	every(10*time.Millisecond, until, func() {
		time.NewTicker(time.Hour)
		garbage(200)
	})
	keep(live)
}
