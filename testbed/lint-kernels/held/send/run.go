package kernel

// Run publishes twice to n topics whose subscriber has heard enough after the first.
func Run(n int) {
	for range n {
		t := newTopic()
		go t.waitFor(t.subscribe(), "stop")
		go func() {
			t.publish("stop")
			t.publish("stop")
		}()
	}
}
