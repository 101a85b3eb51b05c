package kernel

// Run looks up a name n directories do not know.
func Run(n int) {
	for range n {
		d := &directory{entries: map[string]string{}, resolve: func(string) string { return "10.0.0.1" }}
		go d.lookup("db")
	}
}
