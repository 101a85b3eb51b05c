package kernel

// Run doubles the limits of n gateways.
func Run(n int) {
	for range n {
		go new(gateway).double()
	}
}
