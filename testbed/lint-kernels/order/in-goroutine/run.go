package kernel

// Run mirrors n pairs of regions.
func Run(n int) {
	for range n {
		go mirror(newRegion("a"), newRegion("b"))
	}
}
