package fixed

// Run lets n users log in.
func Run(n int) {
	for range n {
		go newStore(2).add("t1", "ada")
	}
}
