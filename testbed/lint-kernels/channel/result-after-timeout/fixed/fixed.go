// Package fixed asks a carrier for a quote; the answer has a place to go even after the caller left.
package fixed

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
	answer := make(chan int, 1)
	go func() {
		answer <- c.price(parcel)
	}()
	select {
	case cents := <-answer:
		return cents, nil
	case <-time.After(limit):
		return 0, errTooSlow
	}
}
