package kernel

// Run changes a job of n trackers.
func Run(n int) {
	for range n {
		go newTracker().set("mail", "done")
	}
}
