// Package fixed converts a picture with a program that ends with its caller.
package fixed

import (
	"context"
	"fmt"
	"os/exec"
)

type converter struct {
	program   string
	arguments []string
}

func (c converter) convert(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, c.program, append(c.arguments, path)...)
	command.Env = []string{"LC_ALL=C"}
	if err := command.Run(); err != nil {
		return fmt.Errorf("convert %s: %w", path, err)
	}
	return nil
}
