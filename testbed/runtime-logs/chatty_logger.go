package main

import (
	"log"
	"time"
)

// chattyLogger: four goroutines log to standard error without pause, and their lines cut the runtime's.
//
// for 4s
// expect nothing
// answers healthy healthy
func chattyLogger(until time.Time) {
	for i := 0; i < 4; i++ {
		go func(worker int) {
			for request := 0; time.Now().Before(until); request++ {
				log.Printf("INFO worker %d served request %d", worker, request)
				time.Sleep(time.Duration(request%7) * 100 * time.Microsecond)
			}
		}(i)
	}
	serve(tree(16), 40, until)
}
