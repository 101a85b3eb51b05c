package kernel

// Run counts the lines of n files that end too early.
func Run(n int) {
	for range n {
		go count(&torn{lines: []string{"a", "b"}})
	}
}
