package fixed

// Run gives three tasks to each of n workers.
func Run(n int) {
	for range n {
		go newCoordinator().run(3)
	}
}
