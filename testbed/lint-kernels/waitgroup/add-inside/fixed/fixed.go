// Package fixed warms a cache; the group is told of each loader before it starts.
package fixed

import "sync"

type cache struct {
	mu      sync.Mutex
	entries map[string]string
}

func (c *cache) warm(keys []string, load func(string) string) int {
	var loaders sync.WaitGroup
	for _, key := range keys {
		loaders.Add(1)
		go func() {
			defer loaders.Done()
			c.put(key, load(key))
		}()
	}
	loaders.Wait()
	return c.len()
}

func (c *cache) put(key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[key] = value
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
