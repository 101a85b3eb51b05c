package fixed

// Run ends n subscriptions from both sides.
func Run(n int) {
	for range n {
		s := subscribe()
		s.read("bye")
		s.unsubscribe()
	}
}
