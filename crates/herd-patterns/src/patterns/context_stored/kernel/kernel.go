// Package kernel leads visitors through a museum; a tour keeps the context of the request that opened it.
package kernel

import "context"

type tour struct {
	ctx   context.Context // want CX003
	guide func(ctx context.Context, room int) error
	room  int
}

// Run opens n tours, each in one request, and asks for the next room in another.
func Run(n int) {
	for visitor := 0; visitor < n; visitor++ {
		ctx, answered := context.WithCancel(context.Background())
		t := open(ctx, func(ctx context.Context, _ int) error { return ctx.Err() })
		answered()
		t.next()
	}
}

func open(ctx context.Context, guide func(context.Context, int) error) *tour {
	return &tour{ctx: ctx, guide: guide}
}

func (t *tour) next() error {
	t.room++
	return t.guide(t.ctx, t.room)
}
