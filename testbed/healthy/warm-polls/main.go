// Warm-polls stands behind a load balancer that keeps 200 connections warm: long polls rise over them without a new connection, and
// each waits in a goroutine its handler started.
// Waits: idle connections that turn into polls, two and a half a second: a handler and its child (select), and the connection's reader.
package main

import (
	"context"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

const connections = 200

func main() {
	admin.Clients(clients)
	admin.Start()
	orders := &orders{ready: make(chan int)}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(_ http.ResponseWriter, r *http.Request) { pace.Sleep(r.Context(), time.Second) })
	mux.HandleFunc("/next", orders.next)
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

type orders struct {
	ready chan int
}

func (o *orders) next(w http.ResponseWriter, r *http.Request) {
	found := make(chan int, 1)
	go o.await(r.Context(), found)
	select {
	case <-found:
		w.WriteHeader(http.StatusOK)
	case <-r.Context().Done():
	}
}

func (o *orders) await(ctx context.Context, found chan<- int) {
	select {
	case order := <-o.ready:
		found <- order
	case <-ctx.Done():
	}
}

func clients(ctx context.Context, server string) {
	balancer := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	get := func(path string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+path, nil)
		admin.Must(err)
		if response, err := balancer.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}
	var warming sync.WaitGroup
	for range connections {
		warming.Go(func() { get("/health") })
	}
	warming.Wait()
	pace.Ramp(ctx, connections-10, 80*time.Second, func(int) { get("/next") })
}
