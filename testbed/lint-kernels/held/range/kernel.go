// Package kernel collects the results of a crawl with the index locked; a crawler looks into the index.
package kernel

import "sync"

type crawl struct {
	mu    sync.Mutex
	pages map[string]int
}

func (c *crawl) run(urls []string) {
	results := make(chan string)
	go c.fetchAll(urls, results)
	c.mu.Lock() // via
	defer c.mu.Unlock()
	for url := range results { // want DL003; stuck
		c.pages[url]++
	}
}

func (c *crawl) fetchAll(urls []string, results chan<- string) {
	defer close(results)
	for _, url := range urls {
		if !c.seen(url) { // stuck
			results <- url
		}
	}
}

func (c *crawl) seen(url string) bool {
	c.mu.Lock() // via; stuck
	defer c.mu.Unlock()
	return c.pages[url] > 0
}
