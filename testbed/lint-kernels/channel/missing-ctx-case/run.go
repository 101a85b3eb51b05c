package kernel

import (
	"context"
	"time"
)

// Run waits for n queues that are full, for a tenth of a second each.
func Run(n int) {
	for range n {
		q := newQueue(0)
		go enter(q)
	}
}

func enter(q *queue) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	q.enter(ctx)
}
