// Package fixed sells seats and unlocks on every way out.
package fixed

import (
	"errors"
	"sync"
)

var errNoSuchSeat = errors.New("no such seat")

type theatre struct {
	mu   sync.Mutex
	sold map[string]bool
}

// Run opens n theatres; in each somebody asks for a seat there is not, and then somebody for one there is.
func Run(n int) {
	for i := 0; i < n; i++ {
		t := &theatre{sold: map[string]bool{"A1": false}}
		if t.sell("Z9") != nil {
			go t.sell("A1")
		}
	}
}

func (t *theatre) sell(seat string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.sold[seat]; !ok {
		return errNoSuchSeat
	}
	t.sold[seat] = true
	return nil
}
