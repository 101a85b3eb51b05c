// Package fulfil packs and ships placed orders.
package fulfil

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Pool is a fixed number of workers behind one queue.
type Pool struct {
	queue   chan int64
	workers sync.WaitGroup
	ship    func(ctx context.Context, order int64) error
}

// Start starts the workers; Stop ends them.
func Start(ctx context.Context, workers int, ship func(context.Context, int64) error) *Pool {
	pool := &Pool{queue: make(chan int64, 1024), ship: ship}
	for range workers {
		pool.workers.Go(func() { pool.work(ctx) })
	}
	return pool
}

// Submit queues an order; false means the queue is full.
func (p *Pool) Submit(order int64) bool {
	select {
	case p.queue <- order:
		return true
	default:
		return false
	}
}

// Stop waits for the queued orders.
func (p *Pool) Stop() {
	close(p.queue)
	p.workers.Wait()
}

func (p *Pool) work(ctx context.Context) {
	for order := range p.queue {
		time.Sleep(5 * time.Millisecond) // the label printer
		if err := p.ship(ctx, order); err != nil {
			slog.Error("ship", "order", order, "error", err)
		}
	}
}
