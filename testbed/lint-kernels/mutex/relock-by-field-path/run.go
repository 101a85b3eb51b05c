package kernel

// Run renews the leases of n clusters.
func Run(n int) {
	for range n {
		go newCluster().renewAll()
	}
}
