package kernel

// Run makes n exports with progress.
func Run(n int) {
	for range n {
		go export{rows: 2, progress: true}.run(func(int) {})
	}
}
