package fixed

import "context"

// Run opens and closes n sessions.
func Run(n int) {
	for range n {
		open(context.Background()).close()
	}
}
