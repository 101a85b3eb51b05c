// Package kernel imports files; the errors go to a channel that is read once, after all have been sent.
package kernel

import (
	"fmt"
	"sync"
)

func importAll(files []string, load func(string) error) error {
	errs := make(chan error, 1) // want LK001|LK006|DL005
	var loaders sync.WaitGroup
	for _, file := range files {
		loaders.Add(1)
		go func() {
			defer loaders.Done()
			if err := load(file); err != nil {
				errs <- fmt.Errorf("%s: %w", file, err) // via; stuck
			}
		}()
	}
	loaders.Wait() // via; stuck
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
