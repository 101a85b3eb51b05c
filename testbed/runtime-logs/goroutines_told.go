package main

import "time"

// goroutinesTold: goroutines that wait for ever, each with 16 KiB; scheddetail counts them.
//
// env GODEBUG=gctrace=1,schedtrace=1000,scheddetail=1
// expect candidate GC003 seen goroutines-grow
// answers undecidable healthy
func goroutinesTold(until time.Time) {
	never := make(chan []byte)
	every(10*time.Millisecond, until, func() {
		for i := 0; i < 2; i++ {
			go func() {
				held := make([]byte, 32<<10)
				<-never
				sink = held
			}()
		}
		garbage(200)
	})
}
