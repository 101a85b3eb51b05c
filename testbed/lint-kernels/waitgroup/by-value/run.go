package kernel

// Run resizes n albums of two pictures.
func Run(n int) {
	for range n {
		go resizeAll([]*picture{{100, 100}, {200, 100}}, 50)
	}
}
