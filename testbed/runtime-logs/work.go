package main

import "time"

// node is a heap object with pointers, so that marking costs something.
type node struct {
	left, right *node
	payload     [6]uint64
}

// tree keeps 2^depth-1 nodes of 64 bytes.
func tree(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

var sink []byte

// garbage allocates so many KiB in pieces of 1 KiB and keeps nothing.
func garbage(kib int) {
	for i := 0; i < kib; i++ {
		sink = make([]byte, 1024)
	}
}

// every calls work at a steady pace.
func every(pace time.Duration, until time.Time, work func()) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for now := range ticker.C {
		if now.After(until) {
			return
		}
		work()
	}
}

// serve is an ordinary service: some live data and requests that allocate a little.
func serve(live *node, kibPerMs int, until time.Time) {
	every(10*time.Millisecond, until, func() { garbage(10 * kibPerMs) })
	keep(live)
}

// spin burns CPU.
func spin(until time.Time) {
	for n := uint64(0); ; n++ {
		if n%(1<<20) == 0 && time.Now().After(until) {
			return
		}
	}
}

var kept *node

// keep holds a value reachable up to here.
func keep(live *node) { kept = live }
