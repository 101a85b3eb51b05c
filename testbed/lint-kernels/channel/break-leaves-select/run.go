package kernel

// Run stops n loops.
func Run(n int) {
	for range n {
		e := newEvents()
		go e.loop()
		e.shutdown()
	}
}
