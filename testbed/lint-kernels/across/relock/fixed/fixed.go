// Package fixed prints the shares of a store of another package and asks for the sum before the store is locked.
package fixed

import (
	"fmt"

	"github.com/goherd/goherd/testbed/lint-kernels/across/relock/fixed/store"
)

func shares(s *store.Store) []string {
	var lines []string
	sum := s.Sum()
	s.Each(func(key string, value int) {
		lines = append(lines, fmt.Sprintf("%s %d of %d", key, value, sum))
	})
	return lines
}
