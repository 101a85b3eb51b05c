package fixed

// Run connects n pairs of peers.
func Run(n int) {
	for range n {
		a, b := connect()
		go a.dial()
		go b.accept()
	}
}
