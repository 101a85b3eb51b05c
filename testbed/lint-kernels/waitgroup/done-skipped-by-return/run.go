package kernel

// Run indexes two documents in n indexes, one of them empty.
func Run(n int) {
	for range n {
		x := &index{terms: map[string]int{}}
		go x.addAll([]string{"a b", ""})
	}
}
