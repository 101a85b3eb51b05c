// Package fixed parses, enriches and stores records; when storing fails the stages above are told.
package fixed

import (
	"context"
	"fmt"
)

type record struct {
	line string
	city string
}

func parse(ctx context.Context, lines []string) <-chan record {
	out := make(chan record)
	go func() {
		defer close(out)
		for _, line := range lines {
			select {
			case out <- record{line: line}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func enrich(ctx context.Context, in <-chan record) <-chan record {
	out := make(chan record)
	go func() {
		defer close(out)
		for r := range in {
			r.city = "Oslo"
			select {
			case out <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func store(lines []string, insert func(record) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for r := range enrich(ctx, parse(ctx, lines)) {
		if err := insert(r); err != nil {
			return fmt.Errorf("insert %q: %w", r.line, err)
		}
	}
	return nil
}
