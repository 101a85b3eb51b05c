package kernel

import "time"

// Run waits for n answers that do not come.
func Run(n int) {
	for range n {
		c := &call{reply: make(chan string)}
		go c.wait(10 * time.Millisecond)
	}
}
