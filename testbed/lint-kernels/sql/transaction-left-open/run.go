package kernel

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run books a taken room twice in n hotels with one connection each.
func Run(n int) {
	for range n {
		h := &hotel{db: backend.Database(1), taken: func(int) bool { return true }}
		go func() {
			defer h.db.Close()
			h.book(context.Background(), 7)
			h.book(context.Background(), 7)
		}()
	}
}
