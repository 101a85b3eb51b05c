package kernel

// Run reads a page that n caches hold, and one they do not.
func Run(n int) {
	for range n {
		p := &pages{byPath: map[string]string{"/": "home"}, render: func(path string) (string, error) { return path, nil }}
		go func() {
			p.get("/")
			p.get("/about")
		}()
	}
}
