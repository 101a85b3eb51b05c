package fixed

// Run runs n jobs that panic.
func Run(n int) {
	for range n {
		r := &runner{results: make(chan error)}
		r.all([]job{{"count", func(m map[string]int) { m["a"]++ }}})
	}
}
