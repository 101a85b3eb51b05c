// Package fixed follows offers on a stream; customers cancel theirs, and one for the home page stays for good.
package fixed

import (
	"context"
	"sync"
	"sync/atomic"
)

type stream struct {
	offers chan string
	cancel context.CancelFunc
	last   string
	freed  atomic.Bool
}

var home struct {
	once   sync.Once
	stream *stream
}

// Run shows the offers of n customers; the first call also subscribes the home page.
func Run(n int) {
	home.once.Do(func() { home.stream = subscribe(context.Background()) })
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
		select { // stays LK005
		case <-ctx.Done():
			return
		case offer := <-s.offers:
			s.last = offer
		}
	}
}

func (s *stream) release(ctx context.Context) {
	<-ctx.Done() // stays LK005
	s.freed.Store(true)
}
