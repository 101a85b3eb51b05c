// Package fixed refreshes feeds a few at a time; the list is copied before any is started.
package fixed

import (
	"maps"
	"slices"
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
	f.mu.Lock()
	urls := slices.Collect(maps.Keys(f.items))
	f.mu.Unlock()
	for _, url := range urls {
		group.Go(func() error {
			f.set(url, f.fetch(url))
			return nil
		})
	}
	return group.Wait()
}

func (f *feeds) set(url string, items int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items[url] = items
}
