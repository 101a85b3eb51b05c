// Package fixed imports files; as many errors fit into the channel as there are files.
package fixed

import (
	"fmt"
	"sync"
)

func importAll(files []string, load func(string) error) error {
	errs := make(chan error, len(files))
	var loaders sync.WaitGroup
	for _, file := range files {
		loaders.Add(1)
		go func() {
			defer loaders.Done()
			if err := load(file); err != nil {
				errs <- fmt.Errorf("%s: %w", file, err)
			}
		}()
	}
	loaders.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
