package fixed

import (
	"context"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run lets n users log in who wait for a tenth of a second.
func Run(n int) {
	for range n {
		go login(&accounts{db: backend.Database(4)})
	}
}

func login(a *accounts) {
	defer a.db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	a.login(ctx, "ada", "secret")
}
