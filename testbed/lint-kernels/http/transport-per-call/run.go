package kernel

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run translates n texts.
func Run(n int) {
	t := newTranslator(backend.Answering())
	for range n {
		go t.translate(context.Background(), "hello")
	}
}
