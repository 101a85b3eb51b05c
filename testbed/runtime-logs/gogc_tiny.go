package main

import "time"

// gogcTiny: GOGC=4 makes the collector run for every few MB.
//
// env GOGC=4
// expect seen gogc-tiny
// answers wrong healthy
func gogcTiny(until time.Time) { serve(tree(19), 20, until) }
