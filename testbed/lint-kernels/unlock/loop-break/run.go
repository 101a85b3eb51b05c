package kernel

// Run claims two workers of each of n lists.
func Run(n int) {
	for range n {
		workers := []*worker{{name: "a"}, {name: "b"}}
		go func() {
			claim(workers)
			claim(workers)
		}()
	}
}
