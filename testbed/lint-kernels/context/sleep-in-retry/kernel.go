// Package kernel waits for a job of another service and sleeps between its questions, whoever still wants the answer.
package kernel

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
			time.Sleep(j.pause) // want LK008|CX006; stuck
			continue
		}
		return fmt.Errorf("job %d: %w", id, err)
	}
}
