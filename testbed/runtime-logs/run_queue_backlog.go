package main

import (
	"runtime"
	"time"
)

// runQueueBacklog: 600 goroutines want to run on two processors all the time.
//
// expect SC001
// answers undecidable wrong
func runQueueBacklog(until time.Time) {
	for i := 0; i < 600; i++ {
		go func() {
			for n := 0; ; n++ {
				if n%100000 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	time.Sleep(time.Until(until))
}
