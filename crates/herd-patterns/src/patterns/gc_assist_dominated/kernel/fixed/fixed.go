// Package fixed answers from the tree itself and leaves GOGC as it is.
package fixed

import "time"

type node struct {
	left, right *node
	weight      [2]int
}

var index = grow(19)

// Run starts n clients whose requests arrive in bursts.
func Run(n int) {
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

// answer sums in place: the tree does not change, so no copy is needed.
func answer(from *node, depth int) int {
	if depth == 0 {
		return from.weight[0]
	}
	return from.weight[0] + answer(from.left, depth-1) + answer(from.right, depth-1)
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: grow(depth - 1), right: grow(depth - 1)}
}
