package kernel

// Run forwards five updates to each of n clients that read two.
func Run(n int) {
	for range n {
		f := newFeed()
		go f.forward()
		go f.read(2)
		go f.produce(5)
	}
}
