package kernel

// Run serves a frame that is too short, n times.
func Run(n int) {
	for range n {
		c := &codec{failures: make(chan string, 1)}
		frames := make(chan frame, 1)
		frames <- frame{1}
		close(frames)
		c.serve(frames)
	}
}
