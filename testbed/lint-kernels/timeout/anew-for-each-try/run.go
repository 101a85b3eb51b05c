package kernel

import (
	"context"
	"time"
)

// Run asks n times for a tenth of a second.
func Run(n int) {
	for range n {
		go ask()
	}
}

func ask() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	retry(ctx, hanging{}, "price")
}
