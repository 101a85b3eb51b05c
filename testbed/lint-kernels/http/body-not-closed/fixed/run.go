package fixed

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run asks n shops.
func Run(n int) {
	for range n {
		go newShops(backend.Answering()).open(context.Background(), "oslo")
	}
}
