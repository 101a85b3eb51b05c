package fixed

// Run makes n crawls over two pages.
func Run(n int) {
	for range n {
		c := &crawl{root: "/", visit: func(string) {}}
		go c.run([]string{"a", "b"})
	}
}
