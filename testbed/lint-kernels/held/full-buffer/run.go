package kernel

// Run appends ten records to each of n logs whose buffer takes two.
func Run(n int) {
	for range n {
		w := newWAL()
		go func() {
			w.append(10)
			w.close()
		}()
	}
}
