package kernel

// Run renders n documents.
func Run(n int) {
	for range n {
		go render(4, 2)
	}
}
