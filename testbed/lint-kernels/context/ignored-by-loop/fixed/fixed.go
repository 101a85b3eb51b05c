// Package fixed drains a queue until its context ends.
package fixed

import "context"

type queue struct {
	items chan string
	taken int
}

func (q *queue) drain(ctx context.Context, handle func(context.Context, string) error) {
	for {
		select {
		case item := <-q.items:
			q.taken++
			if err := handle(ctx, item); err != nil {
				q.taken--
			}
		case <-ctx.Done():
			return
		}
	}
}
