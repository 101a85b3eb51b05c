package kernel

// Run observes one value in each of n histograms.
func Run(n int) {
	for range n {
		go newHistogram(0.1, 1, 10).observe(0.5)
	}
}
