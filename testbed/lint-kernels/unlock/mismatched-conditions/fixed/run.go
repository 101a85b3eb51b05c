package fixed

// Run writes two lines to n files that are shared and not synced.
func Run(n int) {
	for range n {
		f := &file{shared: true}
		go func() {
			f.write("a")
			f.write("b")
		}()
	}
}
