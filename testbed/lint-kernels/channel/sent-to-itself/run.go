package kernel

// Run processes one job in each of n queues.
func Run(n int) {
	for range n {
		jobs := make(chan job)
		go process(jobs, flaky)
		jobs <- job{name: "mail"}
	}
}
