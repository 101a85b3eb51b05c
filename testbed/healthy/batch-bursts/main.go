// Batch-bursts runs batch jobs: every 17 s a pipeline of 100 workers and then 250 goroutines that end one after another.
// Waits: the stages of the pipeline while a batch runs, the fan-in, a scheduler between batches.
package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	ctx := context.Background()
	for pace.Sleep(ctx, 7*time.Second) {
		batch(ctx)
		crawl(ctx)
	}
}

// batch reads 300 records through three stages of which the middle one is the slow one.
func batch(ctx context.Context) {
	records := produce(300)
	enriched := make(chan int)
	var workers sync.WaitGroup
	for range 100 {
		workers.Go(func() {
			for record := range records {
				pace.Sleep(ctx, 2*time.Second)
				enriched <- record
			}
		})
	}
	go func() {
		workers.Wait()
		close(enriched)
	}()
	for range enriched {
		time.Sleep(5 * time.Millisecond)
	}
}

func produce(n int) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for i := range n {
			out <- i
		}
	}()
	return out
}

func crawl(ctx context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	for i := range 250 {
		group.Go(func() error {
			pace.Sleep(ctx, time.Duration(500+10*i)*time.Millisecond)
			return ctx.Err()
		})
	}
	admin.Must(group.Wait())
}
