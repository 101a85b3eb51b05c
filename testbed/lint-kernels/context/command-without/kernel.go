// Package kernel converts a picture with a program that goes on when its caller has given up.
package kernel

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
	command := exec.Command(c.program, append(c.arguments, path)...) // want CX004
	command.Env = []string{"LC_ALL=C"}
	if err := command.Run(); err != nil { // via; stuck
		return fmt.Errorf("convert %s: %w", path, err)
	}
	return nil
}
