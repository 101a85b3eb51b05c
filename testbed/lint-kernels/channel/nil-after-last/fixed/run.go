package fixed

// Run merges n pairs of streams.
func Run(n int) {
	for range n {
		go merge(stream(1, 3), stream(2), func(int) {})
	}
}
