// Package kernel evicts from a cache and tells an observer, which asks the cache for its size.
package kernel

import "sync"

type observer interface {
	evicted(key string)
}

type cache struct {
	mu       sync.Mutex
	entries  map[string][]byte
	observer observer
}

func (c *cache) evict(key string) {
	c.mu.Lock() // via
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; !ok {
		return
	}
	delete(c.entries, key)
	c.observer.evicted(key) // want DL001; stuck
}

func (c *cache) len() int {
	c.mu.Lock() // via; stuck
	defer c.mu.Unlock()
	return len(c.entries)
}

type gauge struct {
	cache *cache
	size  int
}

func (g *gauge) evicted(string) {
	g.size = g.cache.len() // via; stuck
}

func newCache() *cache {
	c := &cache{entries: map[string][]byte{"a": nil, "b": nil}}
	c.observer = &gauge{cache: c}
	return c
}
