package kernel

import "time"

// Run asks for n prices that come too late.
func Run(n int) {
	for range n {
		go price(slow, time.Millisecond)
	}
}

func slow() int {
	time.Sleep(50 * time.Millisecond)
	return 290
}
