// Package fixed prolongs loans; every question ends when the reader leaves.
package fixed

import (
	"context"
	"time"
)

type store interface {
	due(ctx context.Context, book string) (time.Time, error)
	prolong(ctx context.Context, book string, until time.Time) error
}

type desk struct {
	store store
}

// Run lets n readers ask for another week and leave at once.
func Run(n int) {
	d := &desk{store: silent{}}
	for reader := 0; reader < n; reader++ {
		ctx, leave := context.WithCancel(context.Background())
		go d.anotherWeek(ctx, "Momo")
		leave()
	}
}

func (d *desk) anotherWeek(ctx context.Context, book string) error {
	due, err := d.store.due(ctx, book)
	if err != nil {
		return err
	}
	return d.store.prolong(ctx, book, due.AddDate(0, 0, 7))
}

// silent is a store that never answers.
type silent struct{}

func (silent) due(ctx context.Context, _ string) (time.Time, error) {
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

func (silent) prolong(ctx context.Context, _ string, _ time.Time) error {
	return ctx.Err()
}
