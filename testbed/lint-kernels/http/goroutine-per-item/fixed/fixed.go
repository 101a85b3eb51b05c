// Package fixed prefetches the pages behind a feed's links, a few at a time.
package fixed

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
	slots := make(chan struct{}, 8)
	for _, link := range links {
		slots <- struct{}{}
		fetches.Add(1)
		go func() {
			defer fetches.Done()
			defer func() { <-slots }()
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
