package fixed

// Run handles n inputs with a plug-in that panics.
func Run(n int) {
	for range n {
		h := &host{plugins: []plugin{{"upper", func(string) string { panic("no input") }}}}
		h.handle("")
	}
}
