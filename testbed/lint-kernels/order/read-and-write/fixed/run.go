package fixed

// Run asks n routers for a backend while it is dropped.
func Run(n int) {
	for range n {
		r := newRouter()
		go r.pick("/")
		go r.drop("web")
	}
}
