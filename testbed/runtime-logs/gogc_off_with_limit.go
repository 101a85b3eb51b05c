package main

import "time"

// gogcOffWithLimit: the collector runs only where the limit asks for it, with plenty of room.
//
// env GOGC=off GOMEMLIMIT=200MiB
// expect nothing
// answers healthy healthy
func gogcOffWithLimit(until time.Time) { serve(tree(18), 100, until) }
