package fixed

import (
	"context"
	"errors"

	"golang.org/x/sync/semaphore"
)

// Run transcodes two films with each of n transcoders that take one at a time.
func Run(n int) {
	for range n {
		t := &transcoder{limit: semaphore.NewWeighted(2), probe: func(string) error { return errors.New("no streams") }}
		for _, film := range []string{"a", "b"} {
			go t.run(context.Background(), film)
		}
	}
}
