package kernel

import "time"

// Run closes n queues at which somebody waits.
func Run(n int) {
	for range n {
		q := newQueue()
		go q.take()
		time.AfterFunc(20*time.Millisecond, q.close)
	}
}
