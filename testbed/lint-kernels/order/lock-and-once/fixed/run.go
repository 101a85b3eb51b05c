package fixed

// Run reads a key of n stores.
func Run(n int) {
	for range n {
		go new(lazy).read("a")
	}
}
