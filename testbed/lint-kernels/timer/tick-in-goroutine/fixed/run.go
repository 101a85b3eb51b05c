package fixed

import "time"

// Run makes and drains n queues.
func Run(n int) {
	for range n {
		newQueue(4, time.Hour).drain()
	}
}
