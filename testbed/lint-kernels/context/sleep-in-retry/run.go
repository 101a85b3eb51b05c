package kernel

import (
	"context"
	"time"
)

// Run waits for n jobs that stay pending, for as long as nobody gives up.
func Run(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j := &jobs{status: func(context.Context, int) error { return errPending }, pause: 20 * time.Second}
	for id := range n {
		go j.wait(ctx, id)
	}
	time.Sleep(10 * time.Millisecond)
}
