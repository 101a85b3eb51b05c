package kernel

// Run places n orders of nothing.
func Run(n int) {
	for range n {
		go place(order{item: "tea"}, func(order) reservation { return reservation{1} })
	}
}
