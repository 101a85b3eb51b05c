package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run asks for the stock of n items, each for a tenth of a second.
func Run(n int) {
	for range n {
		s := &stock{db: backend.Database(4)}
		go func() {
			defer s.db.Close()
			backend.Ask(s, "/stock?item=tea", 100*time.Millisecond)
		}()
	}
}
