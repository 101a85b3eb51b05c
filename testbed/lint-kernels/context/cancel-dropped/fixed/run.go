package fixed

import "context"

// Run asks n tickers for a price.
func Run(n int) {
	for range n {
		go nextPrice(context.Background(), new(ticker))
	}
}
