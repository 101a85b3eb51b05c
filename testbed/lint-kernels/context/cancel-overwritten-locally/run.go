package kernel

import "context"

// Run asks n pairs of replicas, the first of which never answers.
func Run(n int) {
	for range n {
		first := &replica{name: "a", answers: make(chan string)}
		second := &replica{name: "b", answers: make(chan string, 1)}
		second.answers <- "42"
		go query(context.Background(), first, second)
	}
}
