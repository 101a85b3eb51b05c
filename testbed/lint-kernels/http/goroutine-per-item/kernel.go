// Package kernel prefetches the pages behind a feed's links, all at once, however many there are.
//
// Not run: nothing hangs; the harm is the number of goroutines that a long feed makes.
package kernel

import (
	"context"
	"sync"
)

type prefetcher struct {
	fetch func(ctx context.Context, link string) error
	cache sync.Map
}

func (p *prefetcher) all(ctx context.Context, links []string) {
	var fetches sync.WaitGroup
	for _, link := range links {
		fetches.Add(1)
		go func() { // want LK012
			defer fetches.Done()
			p.one(ctx, link)
		}()
	}
	fetches.Wait()
}

func (p *prefetcher) one(ctx context.Context, link string) {
	if err := p.fetch(ctx, link); err == nil {
		p.cache.Store(link, true)
	}
}
