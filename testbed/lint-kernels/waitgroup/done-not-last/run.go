package kernel

// Run drains n servers.
func Run(n int) {
	for range n {
		s := &server{drained: make(chan struct{})}
		go s.serve(2, func(int) {})
	}
}
