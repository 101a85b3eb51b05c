package fixed

import (
	"context"
	"time"
)

// Run notifies through n clients that were made at start-up, for a tenth of a second each.
func Run(n int) {
	for range n {
		go serve(newClient(hanging{}))
	}
}

func serve(c *client) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	notify(ctx, c, []string{"ada"})
}
