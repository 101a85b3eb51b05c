// Lock-in-handler is a booking service: after 15 s one request panics between Lock and Unlock, net/http recovers it, and every later
// booking queues for ever: 218 of them, the rest is turned away.
// Waits: the pile-up on the ledger's mutex, and beside it keep-alive connections, a ticker loop, an idle pool.
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

const most = 219

func main() {
	admin.Clients(clients)
	admin.Start()
	log.SetOutput(io.Discard)
	bookings := &bookings{broken: time.Now().Add(15 * time.Second)}
	go bookings.report()
	mux := http.NewServeMux()
	mux.HandleFunc("/book", bookings.book)
	mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	server := &http.Server{Handler: mux, ErrorLog: log.Default()}
	log.Fatal(server.Serve(listener))
}

type bookings struct {
	mu       sync.Mutex
	seats    int
	broken   time.Time
	inFlight atomic.Int32
}

func (b *bookings) book(w http.ResponseWriter, _ *http.Request) {
	if b.inFlight.Add(1) >= most {
		b.inFlight.Add(-1)
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	defer b.inFlight.Add(-1)
	b.mu.Lock() // want DL007
	b.take()
	b.mu.Unlock()
}

// take panics once, and the caller's Unlock is not deferred.
func (b *bookings) take() {
	time.Sleep(5 * time.Millisecond)
	b.seats++
	if time.Now().After(b.broken) {
		panic("no such seat")
	}
}

func (b *bookings) report() {
	for range time.Tick(10 * time.Second) {
		log.Print(b.inFlight.Load())
	}
}

func clients(ctx context.Context, server string) {
	go pace.Every(ctx, 10, 64, func() { pace.Get(ctx, server+"/health") })
	pace.Every(ctx, 3, 400, func() { pace.Get(ctx, server+"/book") })
}
