package kernel

// Run charges two cards at each of n tills while the network is down.
func Run(n int) {
	for range n {
		t := &till{charged: map[string]int{}, network: func(string, int) error { return errDown }}
		go t.charge("1234", 100)
		go t.charge("5678", 100)
	}
}
