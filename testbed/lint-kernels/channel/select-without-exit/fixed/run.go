package fixed

// Run serves two commands in each of n sessions.
func Run(n int) {
	for range n {
		go open().run("get", "quit")
	}
}
