// Package fixed keeps a cache that leaves two thirds of the memory limit to everything else.
package fixed

import (
	"runtime/debug"
	"sync"
	"time"
)

const (
	memoryLimit = 64 << 20
	entryBytes  = 1 << 10
	entriesMax  = 20 << 10
)

type entry struct {
	value [entryBytes - 8]byte
	older *entry
}

type cache struct {
	mu      sync.Mutex
	entries []*entry
	turn    int
}

var pages = &cache{}

// Run sets the limit a container gives, fills the cache and starts n clients that miss it a hundred times a second each.
func Run(n int) {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	for len(pages.entries) < entriesMax {
		pages.put(&entry{})
	}
	for client := 0; client < n; client++ {
		go pages.serve()
	}
}

func (c *cache) serve() {
	for range time.Tick(10 * time.Millisecond) {
		for miss := 0; miss < 20; miss++ {
			c.put(&entry{})
		}
	}
}

func (c *cache) put(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) < entriesMax {
		c.entries = append(c.entries, e)
		return
	}
	c.entries[c.turn] = e
	c.turn = (c.turn + 1) % entriesMax
}
