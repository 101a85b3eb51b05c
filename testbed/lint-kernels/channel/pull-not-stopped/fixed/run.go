package fixed

// Run compares n pairs of versions.
func Run(n int) {
	for range n {
		go older(version{[]int{1, 20, 3}}, version{[]int{1, 26, 0}})
	}
}
