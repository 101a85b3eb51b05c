package kernel

// Run brings two items into each of n warehouses.
func Run(n int) {
	for range n {
		w := &warehouse{units: map[string]int{}}
		go w.apply([]movement{{"nut", 10}, {"bolt", 10}})
	}
}
