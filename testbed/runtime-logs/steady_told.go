package main

import "time"

// steadyTold: the same with scheddetail, which counts goroutines.
//
// env GODEBUG=gctrace=1,schedtrace=500,scheddetail=1,scavtrace=1,inittrace=1
// expect nothing
// answers healthy healthy
func steadyTold(until time.Time) {
	for i := 0; i < 20; i++ {
		go func() { every(50*time.Millisecond, until, func() { garbage(20) }) }()
	}
	serve(tree(18), 10, until)
}
