package fixed

// Run stops n runners and then submits a job.
func Run(n int) {
	for range n {
		r := newRunner()
		r.stop()
		r.submit(func() {})
	}
}
