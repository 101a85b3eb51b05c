package kernel

// Run adds a line to n flushers before they have begun to wait.
func Run(n int) {
	for range n {
		f := newFlusher(func([]string) {})
		f.add("a")
		go f.run(1)
	}
}
