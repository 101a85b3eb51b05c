package kernel

// Run rebuilds n indexes twice, first from nothing.
func Run(n int) {
	for range n {
		x := new(index)
		go func() {
			x.rebuild(nil)
			x.rebuild([]string{"a b", "b c"})
		}()
	}
}
