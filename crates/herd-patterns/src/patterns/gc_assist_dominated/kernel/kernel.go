// Package kernel answers with trees it copies node by node, while a low GOGC leaves the collector no time to keep up.
package kernel

import (
	"runtime/debug"
	"time"
)

type node struct {
	left, right *node
	weight      [2]int
}

var index = grow(19)

// Run starts n clients whose requests arrive in bursts.
func Run(n int) {
	debug.SetGCPercent(20) // want GC004
	for client := 0; client < n; client++ {
		go ask()
	}
}

func ask() {
	for range time.Tick(200 * time.Millisecond) {
		for request := 0; request < 5; request++ {
			answer(index.left, 15)
		}
	}
}

func answer(from *node, depth int) *node {
	if depth == 0 {
		return &node{weight: from.weight}
	}
	return &node{left: answer(from.left, depth-1), right: answer(from.right, depth-1), weight: from.weight}
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: grow(depth - 1), right: grow(depth - 1)}
}
