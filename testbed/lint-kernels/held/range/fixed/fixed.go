// Package fixed collects the results of a crawl and locks for each result only.
package fixed

import "sync"

type crawl struct {
	mu    sync.Mutex
	pages map[string]int
}

func (c *crawl) run(urls []string) {
	results := make(chan string)
	go c.fetchAll(urls, results)
	for url := range results {
		c.count(url)
	}
}

func (c *crawl) count(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages[url]++
}

func (c *crawl) fetchAll(urls []string, results chan<- string) {
	defer close(results)
	for _, url := range urls {
		if !c.seen(url) {
			results <- url
		}
	}
}

func (c *crawl) seen(url string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages[url] > 0
}
