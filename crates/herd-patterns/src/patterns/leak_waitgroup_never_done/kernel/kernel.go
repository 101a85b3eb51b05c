// Package kernel uploads batches in parts; a part that fails does not report that it has ended.
package kernel

import (
	"errors"
	"sync"
)

var errRefused = errors.New("part refused")

// Run uploads n batches; the last part of each is refused.
func Run(n int) {
	for batch := 0; batch < n; batch++ {
		go uploadBatch(batch) // from LK006
	}
}

func uploadBatch(batch int) {
	var parts sync.WaitGroup
	for part := 0; part < 3; part++ {
		parts.Add(1)
		go func(part int) {
			if err := upload(batch, part); err != nil {
				return
			}
			parts.Done()
		}(part)
	}
	parts.Wait() // want LK006
}

func upload(_, part int) error {
	if part == 2 {
		return errRefused
	}
	return nil
}
