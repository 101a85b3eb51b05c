// Package fixed imports the pages of an API; each page has its own time limit.
package fixed

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
		items, err := page(ctx, from, number)
		if err != nil {
			return fmt.Errorf("page %d: %w", number, err)
		}
		if len(items) == 0 {
			return nil
		}
		save(items)
	}
}

func page(ctx context.Context, from api, number int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return from.page(ctx, number)
}

type book [][]string

func (b book) page(ctx context.Context, number int) ([]string, error) {
	if number > len(b) {
		return nil, ctx.Err()
	}
	return b[number-1], ctx.Err()
}
