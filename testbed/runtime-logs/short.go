package main

import "time"

// short: over before there is anything to judge.
//
// for 400ms
// expect nothing
// answers undecidable undecidable
func short(until time.Time) { serve(tree(16), 20, until) }
