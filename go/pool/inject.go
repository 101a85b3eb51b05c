// The queue through which tasks enter the pool: one ring under a lock, bounded, emptied by workers in batches.

package pool

import (
	"context"
	"sync"
	"sync/atomic"
)

// batchMax bounds what a worker fetches at once; the fetched tasks lie in its deque, where others can steal them.
const batchMax = 64

type rootTask struct {
	fn    Task
	group *Group
}

type injection struct {
	mu     sync.Mutex
	ring   []rootTask
	head   int
	n      int
	limit  int
	high   int
	closed bool
	room   chan struct{} // closed when producers that wait may try again

	some atomic.Bool // n > 0, readable without the lock
}

func (p *Pool) trySubmit(t rootTask) error {
	q := &p.inject
	q.mu.Lock()
	switch {
	case q.closed:
		q.mu.Unlock()
		return ErrClosed
	case q.n >= q.limit:
		q.mu.Unlock()
		p.refused.Add(1)
		return ErrFull
	}
	q.put(t)
	q.mu.Unlock()
	p.notifySubmitted()
	return nil
}

func (p *Pool) submit(ctx context.Context, t rootTask) error {
	q := &p.inject
	for {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return ErrClosed
		}
		if q.n < q.limit {
			q.put(t)
			q.mu.Unlock()
			p.notifySubmitted()
			return nil
		}
		room := q.wanted()
		q.mu.Unlock()
		if err := waitRoom(ctx, room); err != nil {
			return err
		}
	}
}

func (p *Pool) submitBatch(ctx context.Context, tasks []Task, g *Group) (taken int, err error) {
	q := &p.inject
	for taken < len(tasks) {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return taken, ErrClosed
		}
		for taken < len(tasks) && q.n < q.limit {
			q.put(rootTask{fn: tasks[taken], group: g})
			taken++
		}
		var room chan struct{}
		if taken < len(tasks) {
			room = q.wanted()
		}
		q.mu.Unlock()
		p.notifySubmitted()
		if room == nil {
			break
		}
		if err := waitRoom(ctx, room); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func waitRoom(ctx context.Context, room <-chan struct{}) error {
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wanted is called with the lock held.
func (q *injection) wanted() chan struct{} {
	if q.room == nil {
		q.room = make(chan struct{})
	}
	return q.room
}

// put is called with the lock held and room for one.
func (q *injection) put(t rootTask) {
	if q.n == len(q.ring) {
		grown := make([]rootTask, min(max(2*len(q.ring), batchMax), q.limit))
		for i := range q.n {
			grown[i] = q.ring[(q.head+i)%len(q.ring)]
		}
		q.ring, q.head = grown, 0
	}
	at := q.head + q.n
	if at >= len(q.ring) {
		at -= len(q.ring)
	}
	q.ring[at] = t
	if q.n++; q.n == 1 {
		q.some.Store(true)
	}
	q.high = max(q.high, q.n)
}

// take moves up to its fair share of the queue into buf and returns how many. Producers that wait are let go when the queue is
// half empty, so that they do not wake for every single place.
func (q *injection) take(buf *[batchMax]rootTask, workers int) int {
	if !q.some.Load() {
		return 0
	}
	q.mu.Lock()
	n := min(q.n, max(1, q.n/workers), batchMax)
	for i := range n {
		buf[i] = q.ring[q.head]
		q.ring[q.head] = rootTask{}
		if q.head++; q.head == len(q.ring) {
			q.head = 0
		}
	}
	if q.n -= n; q.n == 0 {
		q.some.Store(false)
	}
	if q.room != nil && q.n <= q.limit/2 {
		close(q.room)
		q.room = nil
	}
	q.mu.Unlock()
	return n
}

// close refuses further tasks and, if drop is set, returns those that wait.
func (q *injection) close(drop bool) (dropped []rootTask) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
	if drop {
		for i := range q.n {
			dropped = append(dropped, q.ring[(q.head+i)%len(q.ring)])
		}
		q.ring, q.head, q.n = nil, 0, 0
		q.some.Store(false)
	}
	return dropped
}

// backlog returns the present and the highest number of waiting tasks.
func (q *injection) backlog() (n, high int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n, q.high
}
