package kernel

// Run resumes n uploads.
func Run(n int) {
	for range n {
		u := resume("/tmp/film", 7)
		go u.send(3)
		go u.wait()
	}
}
