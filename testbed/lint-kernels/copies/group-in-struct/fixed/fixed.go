// Package fixed hands a crawl to its workers by pointer.
package fixed

import "sync"

type crawl struct {
	root    string
	pending sync.WaitGroup
	visit   func(string)
}

func (c *crawl) run(pages []string) {
	for _, page := range pages {
		c.pending.Add(1)
		go work(c, page)
	}
	c.pending.Wait()
}

func work(c *crawl, page string) {
	defer c.pending.Done()
	c.visit(c.root + page)
}
