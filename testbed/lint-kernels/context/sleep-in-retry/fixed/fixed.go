// Package fixed waits for a job of another service and gives up with its caller.
package fixed

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errPending = errors.New("job is pending")

type jobs struct {
	status func(ctx context.Context, id int) error
	pause  time.Duration
}

func (j *jobs) wait(ctx context.Context, id int) error {
	for {
		err := j.status(ctx, id)
		if err == nil {
			return nil
		}
		if errors.Is(err, errPending) {
			select {
			case <-time.After(j.pause):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return fmt.Errorf("job %d: %w", id, err)
	}
}
