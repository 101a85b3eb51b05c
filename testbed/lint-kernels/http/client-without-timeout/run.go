package kernel

import "github.com/goherd/goherd/testbed/lint-kernels/internal/backend"

// Run asks n times where nobody answers.
func Run(n int) {
	for range n {
		go newTowns(backend.Silent()).find("0150")
	}
}
