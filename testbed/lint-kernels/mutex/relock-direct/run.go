package kernel

import "time"

// Run asks n shops for something they do not sell.
func Run(n int) {
	for range n {
		go newPrices().lookup("bread", time.Now())
	}
}
