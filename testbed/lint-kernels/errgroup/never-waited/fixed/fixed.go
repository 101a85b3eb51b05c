// Package fixed tails two files and waits for both, so that the first error ends the other.
package fixed

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
		select {
		case line := <-f.lines:
			out <- line
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func tailAll(files []*file) (string, error) {
	out := make(chan string, len(files))
	ctx, cancel := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	defer group.Wait()
	defer cancel()
	for _, f := range files {
		group.Go(func() error { return f.tail(ctx, out) })
	}
	select {
	case line := <-out:
		return line, nil
	case <-time.After(20 * time.Millisecond):
		return "", errors.New("no line in time")
	}
}
