// Package fixed leads visitors through a museum; each request brings its own context.
package fixed

import "context"

type tour struct {
	guide func(ctx context.Context, room int) error
	room  int
}

// Run opens n tours, each in one request, and asks for the next room in another.
func Run(n int) {
	for visitor := 0; visitor < n; visitor++ {
		t := open(func(ctx context.Context, _ int) error { return ctx.Err() })
		ctx, answered := context.WithCancel(context.Background())
		t.next(ctx)
		answered()
	}
}

func open(guide func(context.Context, int) error) *tour {
	return &tour{guide: guide}
}

func (t *tour) next(ctx context.Context) error {
	t.room++
	return t.guide(ctx, t.room)
}
