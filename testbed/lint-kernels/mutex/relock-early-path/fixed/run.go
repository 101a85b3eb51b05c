package fixed

// Run asks n services for a limit no one has asked for before.
func Run(n int) {
	for range n {
		go newTenants().limit("acme", "uploads")
	}
}
