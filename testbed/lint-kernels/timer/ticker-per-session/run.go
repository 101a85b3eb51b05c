package kernel

import "time"

// Run opens and closes n sessions.
func Run(n int) {
	for range n {
		open(time.Hour).close()
	}
}
