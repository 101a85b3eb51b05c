// Package fixed follows offers on a stream; its callers cancel what they subscribed to.
package fixed

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
	defer s.cancel()
	return s.first()
}

func subscribe(ctx context.Context) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{offers: make(chan string), cancel: cancel}
	go s.watch(ctx)
	go s.release(ctx)
	return s
}

func (s *stream) first() string {
	const offer = "two for one"
	s.offers <- offer
	return offer
}

func (s *stream) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case offer := <-s.offers:
			s.last = offer
		}
	}
}

func (s *stream) release(ctx context.Context) {
	<-ctx.Done()
	s.freed.Store(true)
}
