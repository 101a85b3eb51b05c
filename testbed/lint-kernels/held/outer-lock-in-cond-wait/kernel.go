// Package kernel takes from a queue under the lock of its consumer group; the wait releases only the lock of the queue.
package kernel

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
		q.ready.Wait() // stuck
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
	g.mu.Lock() // via
	defer g.mu.Unlock()
	item := g.queue.take() // want DL003|LK010; stuck
	g.taken++
	return item
}

func (g *group) publish(item string) {
	g.mu.Lock() // via; stuck
	defer g.mu.Unlock()
	g.queue.put(fmt.Sprintf("%d:%s", g.taken, item))
}
