// Package kernel refreshes feeds a few at a time; it waits for a place in the group under the lock that the refreshes need.
package kernel

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

type feeds struct {
	mu    sync.Mutex
	items map[string]int
	fetch func(url string) int
}

func (f *feeds) refresh() error {
	var group errgroup.Group
	group.SetLimit(1)
	f.mu.Lock() // via
	for url := range f.items {
		group.Go(func() error { // want DL003; stuck
			f.set(url, f.fetch(url)) // stuck
			return nil
		})
	}
	f.mu.Unlock()
	return group.Wait()
}

func (f *feeds) set(url string, items int) {
	f.mu.Lock() // via; stuck
	defer f.mu.Unlock()
	f.items[url] = items
}
