package main

import "time"

// limitSpiral: 64 MB are live under a limit of 72 MiB.
//
// env GOMEMLIMIT=72MiB
// expect GC002
// answers wrong healthy
func limitSpiral(until time.Time) { serve(tree(20), 5, until) }
