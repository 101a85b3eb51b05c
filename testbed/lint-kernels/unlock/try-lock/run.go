package kernel

// Run compacts n logs with nothing to compact and closes them.
func Run(n int) {
	for range n {
		s := &segments{sizes: []int{900}}
		go func() {
			s.compact(100)
			s.close()
		}()
	}
}
