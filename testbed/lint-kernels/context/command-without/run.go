package kernel

import (
	"context"
	"time"
)

// Run converts n pictures with a program that takes a few seconds, for a tenth of a second each.
func Run(n int) {
	for range n {
		go convert()
	}
}

func convert() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	converter{program: "sleep", arguments: []string{"1"}}.convert(ctx, "5")
}
