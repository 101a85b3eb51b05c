// Package fixed evicts from a cache and tells its observer after the lock is released.
package fixed

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
	c.mu.Lock()
	_, known := c.entries[key]
	delete(c.entries, key)
	c.mu.Unlock()
	if known {
		c.observer.evicted(key)
	}
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

type gauge struct {
	cache *cache
	size  int
}

func (g *gauge) evicted(string) {
	g.size = g.cache.len()
}

func newCache() *cache {
	c := &cache{entries: map[string][]byte{"a": nil, "b": nil}}
	c.observer = &gauge{cache: c}
	return c
}
