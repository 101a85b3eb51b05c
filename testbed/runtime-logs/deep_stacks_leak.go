package main

import "time"

// deepStacksLeak: goroutines that wait for ever with deep stacks; the heap hardly shows them.
//
// expect seen stacks-grow
// answers healthy healthy
func deepStacksLeak(until time.Time) {
	never := make(chan int)
	live := tree(18)
	every(10*time.Millisecond, until, func() {
		go deep(200, never)
		garbage(300)
	})
	keep(live)
}

func deep(left int, never chan int) byte {
	var frame [256]byte
	frame[left] = byte(left)
	if left > 0 {
		return deep(left-1, never) + frame[left]
	}
	<-never
	return frame[0]
}
