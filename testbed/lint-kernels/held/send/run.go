package kernel

import "time"

// Run publishes twice to n topics whose subscriber has heard enough after the first.
func Run(n int) {
	for range n {
		t := newTopic()
		go t.waitFor("stop")
		go func() {
			time.Sleep(20 * time.Millisecond)
			t.publish("stop")
			t.publish("stop")
		}()
	}
}
