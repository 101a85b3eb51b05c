package fixed

import (
	"context"
	"time"
)

// Run charges two cards at each of n tills while the network is down.
func Run(n int) {
	for range n {
		t := &till{charged: map[string]int{}, network: func(string, int) error { return errDown }}
		go charge(t, "1234")
		go charge(t, "5678")
	}
}

func charge(t *till, card string) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	t.charge(ctx, card, 100)
}
