package fixed

// Run counts the first visitor of n sites.
func Run(n int) {
	for range n {
		go newVisits().add("is")
	}
}
