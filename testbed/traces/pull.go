//go:build go1.23

package main

import "iter"

// pull hands control back and forth between two goroutines without the scheduler, once to the end and once left early.
func pull(count int) {
	numbers := func(yield func(int) bool) {
		for i := 0; i < count; i++ {
			if !yield(i) {
				return
			}
		}
	}
	next, stop := iter.Pull(numbers)
	for _, ok := next(); ok; {
		_, ok = next()
	}
	stop()
	next, stop = iter.Pull(numbers)
	next()
	stop()
}
