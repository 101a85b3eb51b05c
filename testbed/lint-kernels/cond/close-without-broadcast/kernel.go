// Package kernel closes a queue and leaves those who wait for its next item asleep.
package kernel

import "sync"

type queue struct {
	mu     sync.Mutex
	more   *sync.Cond
	items  []string
	closed bool
}

func newQueue() *queue {
	q := new(queue)
	q.more = sync.NewCond(&q.mu)
	return q
}

func (q *queue) put(item string) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.more.Signal()
}

func (q *queue) take() (string, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.more.Wait() // via; stuck
	}
	if len(q.items) == 0 {
		return "", false
	}
	item := q.items[0]
	q.items = q.items[1:]
	return item, true
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true // want LK010
	q.mu.Unlock()
}
