package fixed

import "time"

// Run changes a price of n catalogues while a total is made.
func Run(n int) {
	for range n {
		c := newCatalogue()
		go c.total([]string{"tea", "milk"})
		go func() {
			time.Sleep(10 * time.Millisecond)
			c.change("tea", 300)
		}()
	}
}
