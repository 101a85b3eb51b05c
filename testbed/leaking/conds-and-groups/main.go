// Conds-and-groups imports files: once a second an import fails, its WaitGroup is never done and a progress display waits on a Cond
// that nobody signals. Good imports run beside it and end.
// Waits: collectors in WaitGroup.Wait and displays in Cond.Wait, among an idle pool and batch workers.
package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Start()
	ctx := context.Background()
	queue := make(chan *batch)
	for range 24 {
		go func() {
			for batch := range queue {
				batch.importAll()
			}
		}()
	}
	go pace.Every(ctx, 4, 16, func() { queue <- newBatch(nil) })
	pace.Every(ctx, 1, 16, func() { queue <- newBatch(errors.New("the file is cut")) })
}

type batch struct {
	fault   error
	rows    sync.WaitGroup
	mu      sync.Mutex
	changed *sync.Cond
	done    bool
}

func newBatch(fault error) *batch {
	batch := &batch{fault: fault}
	batch.changed = sync.NewCond(&batch.mu)
	return batch
}

func (b *batch) importAll() {
	for row := range 4 {
		b.rows.Add(1)
		go b.importRow(row)
	}
	go b.display() // from LK010
	go b.collect() // from LK006
}

func (b *batch) importRow(row int) {
	time.Sleep(50 * time.Millisecond)
	if b.fault != nil && row == 3 {
		return // Done is missed on this path.
	}
	b.rows.Done()
}

func (b *batch) collect() {
	b.rows.Wait() // want LK006
	b.mu.Lock()
	b.done = true
	b.mu.Unlock()
	b.changed.Broadcast()
}

func (b *batch) display() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.done {
		b.changed.Wait() // want LK010
	}
}
