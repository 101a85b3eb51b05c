// Package kernel reports the depth of a queue with a ticker that cannot be stopped.
package kernel

import "time"

type queue struct {
	items  chan string
	depths []int
}

func newQueue(size int, every time.Duration) *queue {
	q := &queue{items: make(chan string, size)}
	go q.report(every)
	return q
}

func (q *queue) report(every time.Duration) {
	for range time.Tick(every) { // want LK007; stuck
		q.depths = append(q.depths, len(q.items))
	}
}

func (q *queue) drain() {
	close(q.items)
	for range q.items {
	}
}
