package fixed

import "context"

// Run lets somebody give up at n counters before a ticket is issued.
func Run(n int) {
	for range n {
		c := newCounter()
		go func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			c.next(ctx)
			c.issue(1)
			c.next(context.WithoutCancel(ctx))
		}()
	}
}
