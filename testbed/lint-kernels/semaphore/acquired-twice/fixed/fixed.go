// Package fixed exports reports; a report that includes another shares its slot.
package fixed

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

type report struct {
	title    string
	includes []*report
}

type exporter struct {
	slots *semaphore.Weighted
	done  atomic.Int64
}

func (e *exporter) export(ctx context.Context, r *report) error {
	if err := e.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer e.slots.Release(1)
	return e.write(ctx, r)
}

func (e *exporter) write(ctx context.Context, r *report) error {
	for _, included := range r.includes {
		if err := e.write(ctx, included); err != nil {
			return err
		}
	}
	e.done.Add(1)
	return ctx.Err()
}
