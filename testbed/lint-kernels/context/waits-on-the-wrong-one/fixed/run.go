package fixed

import (
	"context"
	"time"
)

// Run starts and stops n monitors of a service that goes on.
func Run(n int) {
	for range n {
		m := start(context.Background())
		time.Sleep(time.Millisecond)
		m.stop()
	}
}
