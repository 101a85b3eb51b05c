package fixed

// Run forwards four updates to each of n clients that read two.
func Run(n int) {
	for range n {
		f := newFeed()
		go f.forward()
		f.produce(4)
		go f.read(2)
	}
}
