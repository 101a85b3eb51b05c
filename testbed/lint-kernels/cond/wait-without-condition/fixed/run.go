package fixed

// Run asks for n snapshots after they were taken.
func Run(n int) {
	for range n {
		s := newSnapshots()
		s.take([]byte("state"))
		go s.first()
	}
}
