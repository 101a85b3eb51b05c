package fixed

// Run reserves more than there is on n shelves.
func Run(n int) {
	for range n {
		s := &shelf{units: 1, asked: func(int) {}}
		s.reserve(2)
	}
}
