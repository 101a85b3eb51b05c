// Package fixed backs up files; it chooses the limit first and derives one context.
package fixed

import (
	"context"
	"time"
)

const large = 1 << 30

type file struct {
	name  string
	bytes int
}

type vault struct {
	send func(ctx context.Context, f file) error
}

// Run backs up n large files.
func Run(n int) {
	v := &vault{send: func(ctx context.Context, _ file) error { return ctx.Err() }}
	for i := 0; i < n; i++ {
		v.backUp(context.Background(), file{name: "film.mkv", bytes: 2 * large})
	}
}

func (v *vault) backUp(parent context.Context, f file) error {
	limit := time.Minute
	if f.bytes > large {
		limit = time.Hour
	}
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	return v.send(ctx, f)
}
