// Package fixed uploads batches in parts; a part reports that it has ended however it ends.
package fixed

import (
	"errors"
	"sync"
)

var errRefused = errors.New("part refused")

// Run uploads n batches; the last part of each is refused.
func Run(n int) {
	for batch := 0; batch < n; batch++ {
		go uploadBatch(batch)
	}
}

func uploadBatch(batch int) error {
	var parts sync.WaitGroup
	failed := make(chan error, 3)
	for part := 0; part < 3; part++ {
		parts.Add(1)
		go func(part int) {
			defer parts.Done()
			if err := upload(batch, part); err != nil {
				failed <- err
			}
		}(part)
	}
	parts.Wait()
	close(failed)
	return <-failed
}

func upload(_, part int) error {
	if part == 2 {
		return errRefused
	}
	return nil
}
