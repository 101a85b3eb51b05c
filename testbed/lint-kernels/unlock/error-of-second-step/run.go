package kernel

// Run commits twice to n states whose snapshot cannot be written.
func Run(n int) {
	for range n {
		s := &state{snapshot: journal{full: true}}
		go func() {
			s.commit("a")
			s.commit("b")
		}()
	}
}
