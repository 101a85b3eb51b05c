package kernel

import (
	"context"
	"time"
)

// Run copies n files, each for a tenth of a second.
func Run(n int) {
	for range n {
		go copyOne()
	}
}

func copyOne() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	copyFile(ctx, hanging{}, hanging{}, "a.bin")
}
