package fixed

// Run sends n feeds a line that cannot be parsed and one that can.
func Run(n int) {
	for range n {
		f := &feed{last: map[string]int{}}
		go func() {
			f.serve("temperature=warm")
			f.serve("temperature=21")
		}()
	}
}
