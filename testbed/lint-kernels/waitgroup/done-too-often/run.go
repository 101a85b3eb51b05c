package kernel

import "errors"

// Run sends n batches that cannot be delivered.
func Run(n int) {
	for range n {
		new(batch).one("ada", func(string) error { return errors.New("no such mailbox") })
	}
}
