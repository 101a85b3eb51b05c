package fixed

import "github.com/goherd/goherd/testbed/lint-kernels/across/lock-order/fixed/stock"

// Run sells the last unit of n stocks while somebody asks whether there is one.
func Run(n int) {
	for range n {
		s := stock.New("tea", 1)
		c := newCatalogue(s)
		go s.Take("tea")
		go c.available("tea")
	}
}
