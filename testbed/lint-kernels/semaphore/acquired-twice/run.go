package kernel

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Run exports a report that includes another, with one slot, n times.
func Run(n int) {
	for range n {
		e := &exporter{slots: semaphore.NewWeighted(1)}
		go e.export(context.Background(), &report{title: "year", includes: []*report{{title: "month"}}})
	}
}
