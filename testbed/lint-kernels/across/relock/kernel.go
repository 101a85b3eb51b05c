// Package kernel prints the shares of a store of another package; each share asks for the sum with the store locked.
package kernel

import (
	"fmt"

	"github.com/goherd/goherd/testbed/lint-kernels/across/relock/store"
)

func shares(s *store.Store) []string {
	var lines []string
	s.Each(func(key string, value int) {
		lines = append(lines, fmt.Sprintf("%s %d of %d", key, value, s.Sum())) // want DL001; stuck
	})
	return lines
}
