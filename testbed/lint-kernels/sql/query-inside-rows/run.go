package kernel

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run expires the tokens of n services with one connection each.
func Run(n int) {
	for range n {
		t := &tokens{db: backend.Database(1)}
		go func() {
			defer t.db.Close()
			t.expire(context.Background())
		}()
	}
}
