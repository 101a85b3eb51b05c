package kernel

import "context"

// Run drains n queues until there is no use for them.
func Run(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range n {
		q := &queue{items: make(chan string)}
		go q.drain(ctx, func(context.Context, string) error { return nil })
		q.items <- "a"
	}
}
