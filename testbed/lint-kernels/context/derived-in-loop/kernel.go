// Package kernel imports the pages of an API; the timer of each page lives until the last page has come.
//
// Not run: the timers of a long import pile up, nobody waits for them.
package kernel

import (
	"context"
	"fmt"
	"time"
)

type api interface {
	page(ctx context.Context, number int) ([]string, error)
}

func importAll(ctx context.Context, from api, save func([]string)) error {
	for number := 1; ; number++ {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // via
		defer cancel()                                          // want LO002|CX005
		items, err := from.page(ctx, number)
		if err != nil {
			return fmt.Errorf("page %d: %w", number, err)
		}
		if len(items) == 0 {
			return nil
		}
		save(items)
	}
}

type book [][]string

func (b book) page(ctx context.Context, number int) ([]string, error) {
	if number > len(b) {
		return nil, ctx.Err()
	}
	return b[number-1], ctx.Err()
}
