// Package fixed takes from a queue; the lock of the consumer group is released before the wait.
package fixed

import (
	"fmt"
	"sync"
)

type queue struct {
	mu    sync.Mutex
	ready *sync.Cond
	items []string
}

func newQueue() *queue {
	q := &queue{}
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) take() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		q.ready.Wait()
	}
	item := q.items[0]
	q.items = q.items[1:]
	return item
}

func (q *queue) put(item string) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.ready.Signal()
}

type group struct {
	mu    sync.Mutex
	queue *queue
	taken int
}

func (g *group) next() string {
	item := g.queue.take()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken++
	return item
}

func (g *group) publish(item string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue.put(fmt.Sprintf("%d:%s", g.taken, item))
}
