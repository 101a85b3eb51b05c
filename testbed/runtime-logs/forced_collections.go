package main

import (
	"runtime"
	"time"
)

// forcedCollections: a loop that calls runtime.GC ten times a second.
//
// expect seen forced-collections
// answers wrong healthy
func forcedCollections(until time.Time) {
	live := tree(19)
	every(100*time.Millisecond, until, runtime.GC)
	keep(live)
}
