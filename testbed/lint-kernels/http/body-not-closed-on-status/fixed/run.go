package fixed

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run downloads n pictures that are not there.
func Run(n int) {
	for range n {
		go newGallery(backend.Answering()).picture(context.Background(), "/missing/cat.png")
	}
}
