// Tickers-per-session starts a refresh loop for every login, about one a second, and has no way to stop one.
// Waits: `for range ticker.C` loops, among long polls and a healthy ticker loop per tenant that stays.
package main

import (
	"context"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		for range 40 {
			go func() {
				for pace.Sleep(ctx, 10*time.Millisecond) {
					pace.Get(ctx, server+"/poll")
				}
			}()
		}
		pace.Every(ctx, 1, 16, func() { pace.Get(ctx, server+"/login") })
	})
	admin.Start()
	ctx := context.Background()
	for range 25 {
		go tenant(ctx)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(http.ResponseWriter, *http.Request) {
		session := &session{}
		go session.refresh() // from LK007
	})
	mux.HandleFunc("/poll", func(_ http.ResponseWriter, r *http.Request) { pace.Sleep(r.Context(), 20*time.Second) })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

type session struct {
	refreshed atomic.Int64
}

func (s *session) refresh() {
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for now := range ticker.C { // want LK007
		s.refreshed.Store(now.Unix())
	}
}

func tenant(ctx context.Context) {
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
