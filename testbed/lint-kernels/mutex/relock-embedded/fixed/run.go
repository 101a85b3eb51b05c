package fixed

// Run moves money in n ledgers.
func Run(n int) {
	for range n {
		go newLedger().transfer("ada", "bob", 100)
	}
}
