package main

import (
	"syscall"
	"time"
)

// threadsPileUp: every read of a pipe that says nothing takes a thread.
//
// expect SC002
// answers healthy wrong
func threadsPileUp(until time.Time) {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	go every(50*time.Millisecond, until, func() {
		go func() {
			var one [1]byte
			_, _ = syscall.Read(ends[0], one[:])
		}()
	})
	serve(tree(18), 20, until)
}
