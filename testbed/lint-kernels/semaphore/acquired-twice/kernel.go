// Package kernel exports reports with few slots; a report that includes another waits for a slot with one in its hand.
package kernel

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
	if err := e.slots.Acquire(ctx, 1); err != nil { // via; stuck
		return err
	}
	defer e.slots.Release(1)
	for _, included := range r.includes {
		if err := e.export(ctx, included); err != nil { // want DL001|DL005; stuck
			return err
		}
	}
	e.done.Add(1)
	return nil
}
