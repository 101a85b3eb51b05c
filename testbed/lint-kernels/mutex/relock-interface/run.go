package kernel

// Run evicts one entry of each of n caches.
func Run(n int) {
	for range n {
		go newCache().evict("a")
	}
}
