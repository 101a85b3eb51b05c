package kernel

import "time"

// Run opens n gates at which three wait.
func Run(n int) {
	for range n {
		g := newGate()
		for range 3 {
			go g.pass()
		}
		time.AfterFunc(20*time.Millisecond, g.release)
	}
}
