// Package kernel backs up files; a large one gets more time, and the timer of the first limit is left to itself.
package kernel

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
	ctx, cancel := context.WithTimeout(parent, time.Minute)
	if f.bytes > large {
		ctx, cancel = context.WithTimeout(parent, time.Hour) // want CX002
	}
	defer cancel()
	return v.send(ctx, f)
}
