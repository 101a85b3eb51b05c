package fixed

import "context"

// Run pays n times through a bank that hangs.
func Run(n int) {
	for range n {
		p := &payments{bank: hanging{}}
		go p.pay(context.Background(), "1234", 500)
	}
}
