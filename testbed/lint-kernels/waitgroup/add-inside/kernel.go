// Package kernel warms a cache; each loader adds itself to the group when it gets to run, which may be after the wait.
//
// Not run: whether the wait comes too early is a matter of luck.
package kernel

import "sync"

type cache struct {
	mu      sync.Mutex
	entries map[string]string
}

func (c *cache) warm(keys []string, load func(string) string) int {
	var loaders sync.WaitGroup
	for _, key := range keys {
		go func() {
			loaders.Add(1) // want LO005
			defer loaders.Done()
			c.put(key, load(key))
		}()
	}
	loaders.Wait() // via
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
