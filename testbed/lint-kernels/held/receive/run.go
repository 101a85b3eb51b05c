package kernel

// Run stops n buffers.
func Run(n int) {
	for range n {
		go newBuffer().stop()
	}
}
