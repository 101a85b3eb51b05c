package main

import (
	"syscall"
	"time"
)

// syscallsSteady: twelve threads in system calls from the start, and no more.
//
// expect nothing
// answers healthy healthy
func syscallsSteady(until time.Time) {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	for i := 0; i < 12; i++ {
		go func() {
			var one [1]byte
			_, _ = syscall.Read(ends[0], one[:])
		}()
	}
	serve(tree(18), 20, until)
}
