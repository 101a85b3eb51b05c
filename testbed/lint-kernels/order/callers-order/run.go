package kernel

// Run reserves n pairs of seats from both ends.
func Run(n int) {
	for range n {
		a, b := &seat{number: 1}, &seat{number: 2}
		go reserve(a, b)
		go reserve(b, a)
	}
}
