package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run collects n offers of shops that do not answer.
func Run(n int) {
	for range n {
		go backend.Ask(&offers{shops: []shop{hanging{}, hanging{}}}, "/?item=tea", 100*time.Millisecond)
	}
}
