package kernel

import "time"

// Run rolls out n deployments that fail.
func Run(n int) {
	for range n {
		go rollOut(failed{}, 20*time.Second, 10*time.Millisecond)
	}
}
