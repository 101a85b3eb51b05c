package kernel

import "time"

// Run asks n carriers that are too slow.
func Run(n int) {
	for range n {
		go quote(carrier{delay: 50 * time.Millisecond, cents: 3}, "box", 10*time.Millisecond)
	}
}
