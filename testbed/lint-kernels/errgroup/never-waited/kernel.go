// Package kernel tails two files in a group that nobody waits for: an error ends neither the other nor the context.
package kernel

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

type file struct {
	name  string
	lines chan string
	err   error
}

func (f *file) tail(ctx context.Context, out chan<- string) error {
	if f.err != nil {
		return f.err
	}
	for {
		select { // via; stuck
		case line := <-f.lines:
			out <- line
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func tailAll(files []*file) (string, error) {
	out := make(chan string, len(files))
	group, ctx := errgroup.WithContext(context.Background()) // want LK014|LK005
	for _, f := range files {
		group.Go(func() error { return f.tail(ctx, out) }) // via
	}
	select {
	case line := <-out:
		return line, nil
	case <-time.After(20 * time.Millisecond):
		return "", errors.New("no line in time")
	}
}
