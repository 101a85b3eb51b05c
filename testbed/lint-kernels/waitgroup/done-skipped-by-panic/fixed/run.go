package fixed

// Run runs n sets of two plug-ins, one of which panics.
func Run(n int) {
	for range n {
		go runAll([]plugin{func() error { return nil }, func() error { panic("nil map") }})
	}
}
