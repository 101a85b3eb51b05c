// Package fixed reports the depth of a queue until the queue is gone.
package fixed

import "time"

type queue struct {
	items  chan string
	gone   chan struct{}
	depths []int
}

func newQueue(size int, every time.Duration) *queue {
	q := &queue{items: make(chan string, size), gone: make(chan struct{})}
	go q.report(every)
	return q
}

func (q *queue) report(every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			q.depths = append(q.depths, len(q.items))
		case <-q.gone:
			return
		}
	}
}

func (q *queue) drain() {
	close(q.items)
	for range q.items {
	}
	close(q.gone)
}
