package fixed

// Run refreshes two feeds n times.
func Run(n int) {
	for range n {
		f := &feeds{items: map[string]int{"a": 0, "b": 0}, fetch: func(string) int { return 1 }}
		go f.refresh()
	}
}
