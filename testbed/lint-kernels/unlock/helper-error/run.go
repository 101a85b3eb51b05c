package kernel

// Run pays twice into n accounts that are closed.
func Run(n int) {
	for range n {
		a := &account{closed: true}
		go func() {
			a.deposit(100)
			a.deposit(100)
		}()
	}
}
