package fixed

import "github.com/goherd/goherd/testbed/lint-kernels/internal/backend"

// Run pings n hooks that never answer.
func Run(n int) {
	for range n {
		h := &hook{url: backend.Silent()}
		go h.ping("paid")
	}
}
