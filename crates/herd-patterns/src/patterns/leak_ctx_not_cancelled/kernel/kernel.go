// Package kernel follows offers on a stream; its callers never close what they subscribed to.
package kernel

import (
	"context"
	"sync/atomic"
)

type stream struct {
	offers chan string
	cancel context.CancelFunc
	last   string
	freed  atomic.Bool
}

// Run shows the offers of n customers.
func Run(n int) {
	for customer := 0; customer < n; customer++ {
		go showOffers(customer)
	}
}

func showOffers(int) string {
	s := subscribe(context.Background())
	return s.first()
}

func subscribe(ctx context.Context) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{offers: make(chan string), cancel: cancel}
	go s.watch(ctx)   // from LK005
	go s.release(ctx) // from LK005
	return s
}

func (s *stream) first() string {
	const offer = "two for one"
	s.offers <- offer
	return offer
}

func (s *stream) watch(ctx context.Context) {
	for {
		select { // want LK005
		case <-ctx.Done():
			return
		case offer := <-s.offers:
			s.last = offer
		}
	}
}

func (s *stream) release(ctx context.Context) {
	<-ctx.Done() // want LK005
	s.freed.Store(true)
}
