package fixed

// Run counts with n meters of its own.
func Run(n int) {
	for range n {
		new(meter).add(1)
	}
}
