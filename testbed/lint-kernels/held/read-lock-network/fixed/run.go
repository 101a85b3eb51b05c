package fixed

import (
	"context"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run changes the table of n gateways while they wait for an upstream.
func Run(n int) {
	for range n {
		u := newUpstreams(backend.Silent())
		go ask(u)
		go func() {
			time.Sleep(20 * time.Millisecond)
			u.set("b", "http://b")
		}()
	}
}

func ask(u *upstreams) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	u.ask(ctx, "a")
}
