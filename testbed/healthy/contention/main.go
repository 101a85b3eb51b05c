// Contention makes requests queue for locks, slots and tokens, in waves that pile up to some hundred goroutines and drain again.
// Waits: Mutex and RWMutex queues, rate limiters, a semaphore; all of them move.
package main

import (
	"context"
	"log"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	ledger := &ledger{slots: semaphore.NewWeighted(4), tokens: rate.NewLimiter(30, 5)}
	mux := http.NewServeMux()
	mux.HandleFunc("/book", func(http.ResponseWriter, *http.Request) { ledger.book() })
	mux.HandleFunc("/balance", func(http.ResponseWriter, *http.Request) { ledger.balance() })
	mux.HandleFunc("/export", func(_ http.ResponseWriter, r *http.Request) { ledger.export(r.Context()) })
	mux.HandleFunc("/notify", func(_ http.ResponseWriter, r *http.Request) { _ = ledger.tokens.Wait(r.Context()) })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

type ledger struct {
	mu     sync.Mutex
	prices sync.RWMutex
	slots  *semaphore.Weighted
	tokens *rate.Limiter
}

// book takes 25 ms under the lock: 40 bookings a second is all there is.
func (l *ledger) book() {
	l.mu.Lock()
	defer l.mu.Unlock()
	time.Sleep(25 * time.Millisecond)
	l.prices.Lock()
	defer l.prices.Unlock()
	time.Sleep(2 * time.Millisecond)
}

func (l *ledger) balance() {
	l.prices.RLock()
	defer l.prices.RUnlock()
	time.Sleep(10 * time.Millisecond)
}

func (l *ledger) export(ctx context.Context) {
	if l.slots.Acquire(ctx, 1) != nil {
		return
	}
	defer l.slots.Release(1)
	time.Sleep(400 * time.Millisecond)
}

func clients(ctx context.Context, server string) {
	ask := func(path string, perSecond float64) {
		pace.Every(ctx, perSecond, 400, func() { pace.Get(ctx, server+path) })
	}
	go ask("/book", 25)
	go ask("/balance", 40)
	go ask("/export", 8)
	go ask("/notify", 28)
	// Every half minute a wave of bookings comes at once; the queue is some four seconds long and drains.
	for pace.Sleep(ctx, 9*time.Second) {
		pace.Ramp(ctx, 100, time.Second, func(int) { pace.Get(ctx, server+"/book") })
		pace.Sleep(ctx, 20*time.Second)
	}
}
