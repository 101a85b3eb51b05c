package kernel

// Run crawls n sites.
func Run(n int) {
	for range n {
		c := &crawl{pages: map[string]int{}}
		go c.run([]string{"/", "/about", "/jobs"})
	}
}
