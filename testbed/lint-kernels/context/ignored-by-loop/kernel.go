// Package kernel drains a queue; it was given a context and never looks at it.
package kernel

import "context"

type queue struct {
	items chan string
	taken int
}

func (q *queue) drain(ctx context.Context, handle func(context.Context, string) error) {
	for {
		item := <-q.items // want CX006|LK002; stuck
		q.taken++
		if err := handle(ctx, item); err != nil {
			q.taken--
		}
	}
}
