package fixed

// Run makes n exports.
func Run(n int) {
	for range n {
		go export([]row{{1, "ada"}, {2, "bob"}}, func(string) {})
	}
}
