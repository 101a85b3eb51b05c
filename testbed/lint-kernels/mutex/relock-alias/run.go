package kernel

// Run rotates n logs that keep nothing.
func Run(n int) {
	for range n {
		go new(rotated).rotate(0)
	}
}
