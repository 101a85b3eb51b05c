package fixed

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run posts n events that are refused.
func Run(n int) {
	for range n {
		go newSink(backend.Answering()).post(context.Background(), "signup")
	}
}
