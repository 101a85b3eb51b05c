package fixed

// Run connects n clients.
func Run(n int) {
	for range n {
		go new(client).connection()
	}
}
