package kernel

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run serves n visits.
func Run(n int) {
	for range n {
		backend.Ask(&visits{db: backend.Database(4)}, "/home", 100*time.Millisecond)
	}
}
