package fixed

import (
	"context"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run lists the orders of n customers, each for a tenth of a second.
func Run(n int) {
	for range n {
		go list(&orders{db: backend.Database(4)})
	}
}

func list(o *orders) {
	defer o.db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	o.list(ctx, "acme")
}
