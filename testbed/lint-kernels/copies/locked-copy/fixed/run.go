package fixed

// Run renames the snapshots of n documents.
func Run(n int) {
	for range n {
		d := &document{title: "draft"}
		go d.snapshot().rename("final")
	}
}
