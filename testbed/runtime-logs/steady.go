package main

import "time"

// steady: 16 MB live, 20 MB of garbage a second.
//
// expect nothing
// answers healthy healthy
func steady(until time.Time) { serve(tree(18), 20, until) }
