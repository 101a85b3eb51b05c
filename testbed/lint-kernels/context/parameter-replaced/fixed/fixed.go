// Package fixed copies a file between stores under the context of its caller.
package fixed

import (
	"context"
	"fmt"
)

type blob interface {
	read(ctx context.Context, name string) ([]byte, error)
	write(ctx context.Context, name string, body []byte) error
}

func copyFile(ctx context.Context, from, to blob, name string) error {
	body, err := from.read(ctx, name)
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
