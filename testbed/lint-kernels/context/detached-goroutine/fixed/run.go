package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run serves n visits.
func Run(n int) {
	for range n {
		v := &visits{db: backend.Database(4)}
		backend.Ask(v, "/home", 100*time.Millisecond)
		time.AfterFunc(200*time.Millisecond, func() { v.db.Close() })
	}
}
