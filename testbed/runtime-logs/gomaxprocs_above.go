package main

import "time"

// gomaxprocsAbove: sixteen processors where the machine has fewer CPUs.
//
// env GOMAXPROCS=16
// expect SC003
// answers healthy wrong
func gomaxprocsAbove(until time.Time) { serve(tree(18), 20, until) }
