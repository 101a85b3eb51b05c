package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run serves n feeds for callers who stay connected for a minute.
func Run(n int) {
	for range n {
		go backend.Ask(&feed{load: hang}, "/feed?user=ada", time.Minute)
	}
}
