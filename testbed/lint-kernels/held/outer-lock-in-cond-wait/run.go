package kernel

import "time"

// Run publishes to n groups whose consumer already waits.
func Run(n int) {
	for range n {
		g := &group{queue: newQueue()}
		go g.next()
		go func() {
			time.Sleep(20 * time.Millisecond)
			g.publish("order")
		}()
	}
}
