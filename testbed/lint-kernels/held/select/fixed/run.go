package fixed

// Run hands four jobs to each of n dispatchers.
func Run(n int) {
	for range n {
		go newDispatcher().dispatch(job{1}, job{2}, job{3}, job{4})
	}
}
