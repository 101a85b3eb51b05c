package fixed

// Run copies n pairs of folders both ways.
func Run(n int) {
	for range n {
		a, b := newFolder(1), newFolder(2)
		go copyAll(a, b)
		go copyAll(b, a)
	}
}
