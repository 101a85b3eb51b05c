package fixed

import (
	"context"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/backend"
)

// Run translates n texts.
func Run(n int) {
	t := newTranslator(backend.Answering())
	defer t.close()
	for range n {
		t.translate(context.Background(), "hello")
	}
}
