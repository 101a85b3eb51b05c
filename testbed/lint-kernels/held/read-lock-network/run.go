package kernel

import (
	"context"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run changes the table of n gateways while they wait for an upstream.
func Run(n int) {
	for range n {
		u := newUpstreams(backend.Silent())
		go u.ask(context.Background(), "a")
		go func() {
			time.Sleep(20 * time.Millisecond)
			u.set("b", "http://b")
		}()
	}
}
