package fixed

// Run opens and closes n watchers.
func Run(n int) {
	for range n {
		watch().close()
	}
}
