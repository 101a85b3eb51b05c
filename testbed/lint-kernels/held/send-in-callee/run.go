package kernel

import "time"

// Run moves n machines through three states while somebody watches.
func Run(n int) {
	for range n {
		m := newMachine()
		m.mu.Lock()
		go m.watch("done")
		go func() {
			time.Sleep(20 * time.Millisecond)
			m.transition("working")
			m.transition("done")
		}()
		m.mu.Unlock()
	}
}
