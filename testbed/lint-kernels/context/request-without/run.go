package kernel

import (
	"context"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run asks a server that never answers n times, each for a tenth of a second.
func Run(n int) {
	for range n {
		go ask(&weather{client: &http.Client{Transport: &http.Transport{}}, url: backend.Silent()})
	}
}

func ask(w *weather) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	w.now(ctx, "oslo")
}
