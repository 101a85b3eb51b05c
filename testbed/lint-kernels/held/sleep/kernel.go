// Package kernel charges a card and tries again with the till locked until the card network is back.
package kernel

import (
	"errors"
	"sync"
	"time"
)

var errDown = errors.New("card network is down")

type till struct {
	mu      sync.Mutex
	charged map[string]int
	network func(card string, cents int) error
}

func (t *till) charge(card string, cents int) {
	t.mu.Lock() // via; stuck
	defer t.mu.Unlock()
	for {
		if err := t.network(card, cents); err == nil {
			break
		}
		time.Sleep(30 * time.Second) // want DL007|LK008|DL003; stuck
	}
	t.charged[card] += cents
}
