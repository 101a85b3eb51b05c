// Worker-pools holds pools of every make, mostly idle: ants, an own pool on `range`, errgroup with a limit, Cond consumers.
// Waits: 150 idle workers on channels and Conds, ants' purge loops, a pool that is woken once a minute.
package main

import (
	"context"
	"sync"
	"time"

	"github.com/panjf2000/ants/v2"
	"golang.org/x/sync/errgroup"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	ctx := context.Background()
	go antsPool(ctx)
	go ownPool(ctx)
	go groups(ctx)
	mailbox := newMailbox(20)
	go pace.Every(ctx, 2, 2, mailbox.put)
	nightly(ctx)
	var done sync.WaitGroup
	done.Add(1)
	done.Wait()
}

func antsPool(ctx context.Context) {
	pool, err := ants.NewPool(64, ants.WithExpiryDuration(45*time.Second))
	admin.Must(err)
	for pace.Sleep(ctx, 4*time.Second) {
		for range 40 {
			admin.Must(pool.Submit(func() { time.Sleep(100 * time.Millisecond) }))
		}
	}
}

func ownPool(ctx context.Context) {
	jobs := make(chan func())
	for range 60 {
		go func() {
			for job := range jobs {
				job()
			}
		}()
	}
	pace.Every(ctx, 10, 4, func() { jobs <- func() { time.Sleep(50 * time.Millisecond) } })
}

func groups(ctx context.Context) {
	for pace.Sleep(ctx, time.Second) {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(8)
		for range 24 {
			group.Go(func() error {
				pace.Sleep(ctx, 100*time.Millisecond)
				return ctx.Err()
			})
		}
		admin.Must(group.Wait())
	}
}

// nightly workers see a job once a minute at most, which is longer than most watchers look.
func nightly(ctx context.Context) {
	jobs := make(chan int)
	for range 30 {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-jobs:
				}
			}
		}()
	}
	go func() {
		for now := range time.Tick(time.Minute) {
			jobs <- now.Minute()
		}
	}()
}

type mailbox struct {
	mu      sync.Mutex
	filled  *sync.Cond
	letters int
}

func newMailbox(readers int) *mailbox {
	box := &mailbox{}
	box.filled = sync.NewCond(&box.mu)
	for range readers {
		go box.read()
	}
	return box
}

func (m *mailbox) read() {
	for {
		m.mu.Lock()
		for m.letters == 0 {
			m.filled.Wait()
		}
		m.letters--
		m.mu.Unlock()
	}
}

func (m *mailbox) put() {
	m.mu.Lock()
	m.letters++
	m.mu.Unlock()
	m.filled.Signal()
}
