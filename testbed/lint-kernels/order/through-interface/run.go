package kernel

// Run changes n documents while their index is rebuilt.
func Run(n int) {
	for range n {
		d, x := connect()
		go d.set("a b")
		go x.rebuild()
	}
}
