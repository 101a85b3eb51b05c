package fixed

import (
	"context"
	"errors"
	"time"
)

// Run connects n links to a peer that is down.
func Run(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range n {
		l := &link{dial: func(context.Context) error { return errors.New("connection refused") }}
		go l.connect(ctx)
	}
	time.Sleep(10 * time.Millisecond)
}
