// Package kernel asks a carrier for a quote and gives up after a while; the answer then has no receiver.
package kernel

import (
	"errors"
	"time"
)

var errTooSlow = errors.New("carrier is too slow")

type carrier struct {
	delay time.Duration
	cents int
}

func (c carrier) price(parcel string) int {
	time.Sleep(c.delay)
	return c.cents * len(parcel)
}

func quote(c carrier, parcel string, limit time.Duration) (int, error) {
	answer := make(chan int) // want LK013
	go func() {
		answer <- c.price(parcel) // via; stuck
	}()
	select {
	case cents := <-answer:
		return cents, nil
	case <-time.After(limit):
		return 0, errTooSlow // via
	}
}
