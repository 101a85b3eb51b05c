// Package fixed asks a flaky service up to three times, within the time its caller has.
package fixed

import (
	"context"
	"errors"
	"time"
)

type service interface {
	ask(ctx context.Context, question string) (string, error)
}

func retry(ctx context.Context, s service, question string) (string, error) {
	var failed error
	for range 3 {
		answer, err := try(ctx, s, question)
		if err == nil {
			return answer, nil
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return "", failed
}

func try(ctx context.Context, s service, question string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return s.ask(ctx, question)
}

type hanging struct{}

func (hanging) ask(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
