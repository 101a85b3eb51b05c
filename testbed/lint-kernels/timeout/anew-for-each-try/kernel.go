// Package kernel asks a flaky service up to three times; each try begins with a context and a minute of its own.
package kernel

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
		answer, err := try(s, question) // via; stuck
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

func try(s service, question string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // want TO002|TO001|CX001
	defer cancel()
	return s.ask(ctx, question) // via; stuck
}

type hanging struct{}

func (hanging) ask(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
