package fixed

// Run reads n configurations.
func Run(n int) {
	for range n {
		go new(config).get()
	}
}
