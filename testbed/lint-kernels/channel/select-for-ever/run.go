package kernel

// Run holds n leases until they expire.
func Run(n int) {
	for range n {
		hold("leader", func(string) {}).expire()
	}
}
