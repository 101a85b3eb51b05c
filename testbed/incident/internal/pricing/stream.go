// Package pricing follows the price stream of the pricing service.
package pricing

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// quoteLifetime is how long the stream keeps a quote up to date.
const quoteLifetime = 2 * time.Second

// Update is one price as the pricing service sends it.
type Update struct {
	SKU   string `json:"sku"`
	Cents int64  `json:"cents"`
}

// Stream is one connection to the pricing service, shared by all quotes.
type Stream struct {
	url string

	mu     sync.Mutex
	quotes map[*Quote]struct{}
	last   map[string]int64
}

// NewStream prepares a stream; Run connects it.
func NewStream(url string) *Stream {
	return &Stream{url: url, quotes: map[*Quote]struct{}{}, last: map[string]int64{}}
}

// Run reads the stream until ctx ends and connects again when the service goes away.
func (s *Stream) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.read(ctx); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (s *Stream) read(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("pricing answered %s", response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		var update Update
		if err := json.Unmarshal(lines.Bytes(), &update); err != nil {
			return err
		}
		s.publish(update)
	}
	return lines.Err()
}

func (s *Stream) publish(update Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[update.SKU] = update.Cents
	for quote := range s.quotes {
		if quote.SKU != update.SKU {
			continue
		}
		select {
		case quote.updates <- update:
		default: // A slow reader gets the next price.
		}
	}
}

// Quote is the price of one article while an order is being placed.
type Quote struct {
	SKU     string
	updates chan Update
	cancel  context.CancelFunc

	mu    sync.Mutex
	cents int64
}

// Follow keeps a quote up to date until ctx ends or the quote is closed.
func (s *Stream) Follow(ctx context.Context, sku string) *Quote {
	ctx, cancel := context.WithCancel(ctx)
	quote := &Quote{SKU: sku, updates: make(chan Update, 1), cancel: cancel}
	s.mu.Lock()
	quote.cents = s.last[sku]
	s.quotes[quote] = struct{}{}
	s.mu.Unlock()
	time.AfterFunc(quoteLifetime, func() { s.forget(quote) })
	go quote.watch(ctx) // from LK005
	return quote
}

func (s *Stream) forget(quote *Quote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.quotes, quote)
}

func (q *Quote) watch(ctx context.Context) {
	for {
		select { // want LK005
		case <-ctx.Done():
			return
		case update := <-q.updates:
			q.set(update.Cents)
		}
	}
}

func (q *Quote) set(cents int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cents = cents
}

// Close stops following the price.
func (q *Quote) Close() { q.cancel() }

// Cents is the latest price.
func (q *Quote) Cents() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.cents
}
