// Stream-contexts feeds dashboards; each dashboard starts a feed whose context comes from context.Background() and whose cancel
// nobody calls when the dashboard goes. One a second goes.
// Waits: feeds on a select, among 60 live dashboards that are healthy and wait at the same line until they go.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	mux := http.NewServeMux()
	mux.HandleFunc("/dashboard", dashboard)
	mux.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

type feed struct {
	updates chan string
	stop    context.CancelFunc
}

func follow(name string) *feed {
	ctx, cancel := context.WithCancel(context.Background())
	feed := &feed{updates: make(chan string), stop: cancel}
	commands := make(chan string)
	go feed.run(ctx, name, commands) // from LK005
	return feed
}

func (f *feed) run(ctx context.Context, name string, commands <-chan string) {
	f.updates <- name + " is up"
	for {
		select { // want LK005
		case <-ctx.Done():
			return
		case command := <-commands:
			f.updates <- command
		}
	}
}

func dashboard(w http.ResponseWriter, r *http.Request) {
	feed := follow(r.RemoteAddr)
	_, _ = fmt.Fprintln(w, <-feed.updates)
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case update := <-feed.updates:
			_, _ = fmt.Fprintln(w, update)
		}
	}
}

func clients(ctx context.Context, server string) {
	view := func(length time.Duration) {
		ctx, cancel := context.WithTimeout(ctx, length)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/dashboard", nil)
		admin.Must(err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
	}
	for range 60 {
		go view(time.Hour)
	}
	go pace.Every(ctx, 15, 32, func() { pace.Get(ctx, server+"/ready") })
	pace.Every(ctx, 1, 32, func() { view(2 * time.Second) })
}
