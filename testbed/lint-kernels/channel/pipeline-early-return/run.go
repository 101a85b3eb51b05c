package kernel

import "errors"

// Run stores n files into a table that refuses them.
func Run(n int) {
	for range n {
		go store([]string{"a", "b", "c", "d"}, func(record) error { return errors.New("duplicate key") })
	}
}
