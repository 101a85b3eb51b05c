package kernel

import (
	"context"
	"errors"
	"time"
)

// Run starts n servers, one of whose two parts fails.
func Run(n int) {
	for range n {
		fine := part{"api", func() error { return nil }}
		bad := part{"admin", func() error { time.Sleep(20 * time.Millisecond); return errors.New("address in use") }}
		go serveAll(context.Background(), []part{fine, bad})
	}
}
