// Package kernel hands a crawl to its workers by value, and with it a copy of the group they are to count down.
package kernel

import "sync"

type crawl struct {
	root    string
	pending sync.WaitGroup
	visit   func(string)
}

func (c *crawl) run(pages []string) {
	for _, page := range pages {
		c.pending.Add(1)
		go work(*c, page) // want LO001|LK006
	}
	c.pending.Wait() // via; stuck
}

func work(c crawl, page string) { // via
	defer c.pending.Done()
	c.visit(c.root + page)
}
