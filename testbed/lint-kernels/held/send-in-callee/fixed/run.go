package fixed

import "time"

// Run moves n machines through two states while somebody watches.
func Run(n int) {
	for range n {
		m := newMachine()
		go m.watch("done")
		go func() {
			time.Sleep(20 * time.Millisecond)
			m.transition("working")
			m.transition("done")
		}()
	}
}
