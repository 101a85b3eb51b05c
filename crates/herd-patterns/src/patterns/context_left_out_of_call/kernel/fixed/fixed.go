// Package fixed simulates bridges with a program that is ended when nobody waits for its answer any more.
package fixed

import (
	"context"
	"fmt"
	"os/exec"
)

type solver struct {
	program   string
	arguments []string
}

// Run starts n simulations that take a minute; whoever ordered them leaves at once.
func Run(n int) {
	s := solver{program: "sleep", arguments: []string{"60"}}
	for i := 0; i < n; i++ {
		ctx, leave := context.WithCancel(context.Background())
		go s.load(ctx, "bridge")
		leave()
	}
}

func (s solver) load(ctx context.Context, model string) (string, error) {
	output, err := exec.CommandContext(ctx, s.program, s.arguments...).Output()
	if err != nil {
		return "", fmt.Errorf("simulate %s: %w", model, err)
	}
	return string(output), ctx.Err()
}
