package fixed

import (
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/across/context-dropped/fixed/storage"
	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run reads n documents, each for a tenth of a second.
func Run(n int) {
	for range n {
		go serve()
	}
}

func serve() {
	db := backend.Database(4)
	defer db.Close()
	backend.Ask(&handler{&storage.Documents{DB: db}}, "/readme", 100*time.Millisecond)
}
