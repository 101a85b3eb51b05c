// Package kernel copies a file between stores; a line left over from a debugging session replaces the caller's context.
package kernel

import (
	"context"
	"fmt"
)

type blob interface {
	read(ctx context.Context, name string) ([]byte, error)
	write(ctx context.Context, name string, body []byte) error
}

func copyFile(ctx context.Context, from, to blob, name string) error {
	ctx = context.Background()        // want CX001
	body, err := from.read(ctx, name) // via; stuck
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return to.write(ctx, name, body)
}

type hanging struct{}

func (hanging) read(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) write(context.Context, string, []byte) error { return nil }
