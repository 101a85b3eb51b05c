package fixed

// Run replicates a block in n clusters, one of whose peers is down.
func Run(n int) {
	for range n {
		c := &cluster{peers: []*peer{{up: true}, {}}}
		go c.replicate("b1")
	}
}
