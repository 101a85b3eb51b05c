package kernel

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run looks for a table twice in n restaurants with one connection each.
func Run(n int) {
	for range n {
		r := &restaurant{db: backend.Database(1)}
		go func() {
			defer r.db.Close()
			r.freeTable(context.Background())
			r.freeTable(context.Background())
		}()
	}
}
