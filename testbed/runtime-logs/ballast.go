package main

import "time"

// ballast: 200 MB that are never touched, so that collections are rare.
//
// expect nothing
// answers healthy healthy
func ballast(until time.Time) {
	weight := make([]byte, 200<<20)
	serve(tree(14), 200, until)
	sink = weight
}
