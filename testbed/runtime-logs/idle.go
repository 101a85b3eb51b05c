package main

import "time"

// idle: nothing to do but a request a second; too few collections to say anything of them.
//
// expect nothing
// answers undecidable healthy
func idle(until time.Time) { every(time.Second, until, func() { garbage(10) }) }
