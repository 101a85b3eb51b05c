package fixed

// Run bills n months.
func Run(n int) {
	for range n {
		go bill([]string{"acme", "initech"})
	}
}
