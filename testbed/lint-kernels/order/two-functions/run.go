package kernel

// Run works in n depots, both ways at once.
func Run(n int) {
	for range n {
		d := new(depot)
		go d.dispatch()
		go d.sendBack()
	}
}
