package kernel

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run asks n services for a token, each from two requests; the token server never answers.
func Run(n int) {
	for range n {
		t := newTokens(backend.Silent())
		go t.get(context.Background())
		go t.get(context.Background())
	}
}
