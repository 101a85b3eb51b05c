package kernel

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run polls n times for a tenth of a second.
func Run(n int) {
	for range n {
		go backend.Ask(new(events), "/poll", 100*time.Millisecond)
	}
}
