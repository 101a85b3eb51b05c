package main

import "time"

// gogcOff: no collection at all, and work goes on.
//
// env GOGC=off
// expect nothing
// answers undecidable healthy
func gogcOff(until time.Time) { serve(tree(14), 8, until) }
