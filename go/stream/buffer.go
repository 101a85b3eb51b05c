// The buffer: items with deadlines in, items that can still finish out.

// Package stream has a buffer that admits only what can finish in time.
//
// # What it is for
//
// Work that carries a deadline and comes faster than it can be done: without admission the queue fills with items whose callers
// have left, and the workers serve nobody. Buffer refuses at the door what would be late, looks again when an item is taken, and
// learns the cost of an item from those that end.
//
// # What it costs
//
// Push, Pop and Done together cost a few hundred nanoseconds, several times a channel, most of it reading the clock, and one
// allocation (BenchmarkBuffer): for items of tens of microseconds and more.
//
// # Limits
//
// The cost of an item is estimated by a mean over the last tens of items: keep cheap and dear items in separate buffers. An item
// that stops at its deadline shows less than its cost; the feedback, not the estimate, then holds the queue short. The
// feedback settles near 2.5 % late; where the service's own noise is larger, more is late. Items without a deadline are always
// admitted while there is room.
//
// Pooling contexts is not offered: a pooled holder costs as much as a new context (BenchmarkPooledContext), because the context's
// own cancel allocates anyway, and a cancelled context must not be used again.
package stream

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Errors of Push.
var (
	ErrLate   = errors.New("item would not finish before its deadline")
	ErrFull   = errors.New("stream buffer is full")
	ErrClosed = errors.New("stream buffer is closed")
)

// DefaultCapacity is how many items may wait unless New is told otherwise.
const DefaultCapacity = 1024

// Buffer is a bounded first-in-first-out queue with admission by deadline. Make one with New.
type Buffer[T any] struct {
	onDrop func(context.Context, T)
	now    func() time.Time

	mu      sync.Mutex
	rule    *Rule
	ring    []entry[T]
	head, n int
	running int
	closed  bool
	takers  []chan struct{}
	stats   Stats
}

type entry[T any] struct {
	ctx   context.Context
	value T
}

// Stats counts what has happened to items so far; Waiting and Running are now.
type Stats struct {
	Admitted, Late, Full int64         // answers of Push
	Dropped              int64         // admitted, then not worth beginning
	Done, DoneLate       int64         // served; of these after their deadline
	Waiting, Running     int           // items in the buffer and in hands of workers
	MeanCost             time.Duration // present estimate
}

// New makes a buffer served by a number of workers (values below 1 mean 1), with room for capacity items (below 1:
// DefaultCapacity). onDrop, which may be nil, is told of items that were admitted and then found too late to begin; it is called
// on the goroutine that pops, without a lock, and its panics are dropped.
func New[T any](workers, capacity int, onDrop func(context.Context, T)) *Buffer[T] {
	if capacity < 1 {
		capacity = DefaultCapacity
	}
	return &Buffer[T]{onDrop: onDrop, now: time.Now, rule: NewRule(workers), ring: make([]entry[T], capacity)}
}

// Push offers an item; its deadline is that of ctx. It never blocks. ErrLate, ErrFull and ErrClosed say why an item was refused; a
// context that has ended gives its cause.
func (b *Buffer[T]) Push(ctx context.Context, value T) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	deadline, limited := ctx.Deadline()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case b.n == len(b.ring):
		b.stats.Full++
		return ErrFull
	case limited && !b.rule.Admit(deadline.Sub(b.now()), b.n, b.running):
		b.stats.Late++
		return ErrLate
	}
	b.stats.Admitted++
	b.ring[(b.head+b.n)%len(b.ring)] = entry[T]{ctx, value}
	b.n++
	b.wakeOne()
	return nil
}

// Item is an item in the hands of a worker. Done must be called once it is served.
type Item[T any] struct {
	Value T
	Ctx   context.Context

	buffer  *Buffer[T]
	started time.Time
	once    bool
}

// Pop waits for an item that is worth beginning. It returns the cause of ctx when that ends first, and ErrClosed when the buffer is
// closed and empty.
func (b *Buffer[T]) Pop(ctx context.Context) (*Item[T], error) {
	for {
		b.mu.Lock()
		if b.n > 0 {
			e := b.take()
			it, ok := b.begin(e)
			b.mu.Unlock()
			if ok {
				return it, nil
			}
			b.drop(e)
			continue
		}
		if b.closed {
			b.mu.Unlock()
			return nil, ErrClosed
		}
		wake := make(chan struct{})
		b.takers = append(b.takers, wake)
		b.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			b.leave(wake)
			return nil, context.Cause(ctx)
		}
	}
}

// begin is called with the lock held.
func (b *Buffer[T]) begin(e entry[T]) (*Item[T], bool) {
	now := b.now()
	deadline, limited := e.ctx.Deadline()
	if e.ctx.Err() != nil || limited && !b.rule.Begin(deadline.Sub(now)) {
		b.stats.Dropped++
		return nil, false
	}
	b.running++
	return &Item[T]{Value: e.value, Ctx: e.ctx, buffer: b, started: now}, true
}

func (b *Buffer[T]) drop(e entry[T]) {
	if b.onDrop == nil {
		return
	}
	defer func() { _ = recover() }()
	b.onDrop(e.ctx, e.value)
}

// take is called with the lock held and n > 0.
func (b *Buffer[T]) take() entry[T] {
	e := b.ring[b.head]
	b.ring[b.head] = entry[T]{}
	b.head = (b.head + 1) % len(b.ring)
	b.n--
	return e
}

// Done says that the item has been served, well or not; further calls do nothing. It is not safe for concurrent use.
func (it *Item[T]) Done() {
	if it.once {
		return
	}
	it.once = true
	b := it.buffer
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	deadline, limited := it.Ctx.Deadline()
	late := limited && now.After(deadline)
	b.running--
	b.stats.Done++
	if late {
		b.stats.DoneLate++
	}
	b.rule.Done(now.Sub(it.started), late)
}

// Serve runs workers that call serve for each item until ctx ends or the buffer is closed and empty; it returns when they have
// all ended: nil after Close, otherwise the cause of ctx. A panic of serve is not recovered: it is the caller's to decide.
func (b *Buffer[T]) Serve(ctx context.Context, serve func(context.Context, T)) error {
	b.mu.Lock()
	workers := int(b.rule.workers)
	b.mu.Unlock()
	errs := make(chan error, workers)
	for range workers {
		go func() {
			for {
				it, err := b.Pop(ctx)
				if err != nil {
					errs <- err
					return
				}
				func() {
					defer it.Done()
					serve(it.Ctx, it.Value)
				}()
			}
		}()
	}
	var first error
	for range workers {
		if err := <-errs; first == nil && !errors.Is(err, ErrClosed) {
			first = err
		}
	}
	return first
}

// Close refuses further items; those that wait can still be popped.
func (b *Buffer[T]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for len(b.takers) > 0 {
		b.wakeOne()
	}
}

// Stats reads the counters.
func (b *Buffer[T]) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stats
	s.Waiting, s.Running, s.MeanCost = b.n, b.running, b.rule.Mean()
	return s
}

// wakeOne is called with the lock held.
func (b *Buffer[T]) wakeOne() {
	if n := len(b.takers); n > 0 {
		close(b.takers[n-1])
		b.takers[n-1] = nil
		b.takers = b.takers[:n-1]
	}
}

// leave takes a waiter off the list, or passes on the wake-up it can no longer use.
func (b *Buffer[T]) leave(wake chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, t := range b.takers {
		if t == wake {
			b.takers = append(b.takers[:i], b.takers[i+1:]...)
			return
		}
	}
	if b.n > 0 {
		b.wakeOne()
	}
}
