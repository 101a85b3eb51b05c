package fixed

// Run drives n schedulers from three sides.
func Run(n int) {
	for range n {
		s := &scheduler{queue: []string{"a"}, idle: 1}
		go s.assign()
		go s.finish()
		go s.report()
	}
}
