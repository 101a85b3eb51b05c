package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run searches n times in an index that never answers.
func Run(n int) {
	for range n {
		go backend.Ask(newSearch(backend.Silent()), "/search?q=go", 100*time.Millisecond)
	}
}
