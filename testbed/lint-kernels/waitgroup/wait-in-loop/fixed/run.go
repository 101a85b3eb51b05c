package fixed

// Run makes n migrations of two tables.
func Run(n int) {
	for range n {
		m := &migration{tables: []string{"users", "orders"}}
		go m.run()
	}
}
