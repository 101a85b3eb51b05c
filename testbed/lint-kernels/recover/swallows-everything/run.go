package kernel

// Run publishes three messages to n consumers; the first cannot be handled.
func Run(n int) {
	handle := func(message string) {
		if message == "bad" {
			panic("bad message")
		}
	}
	for range n {
		c := &consumer{messages: make(chan string), handle: handle}
		go c.run()
		go c.publish("bad", "good", "good")
	}
}
