// H2-polls serves long polls over HTTP/2 without TLS: 180 dashboards arrive over 110 s on one connection, and each waits in a goroutine
// its handler started.
// Waits: a handler and its child (select) per poll, on one HTTP/2 connection; no goroutine reads beside the handler.
package main

import (
	"context"
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
	board := &board{changes: make(chan string)}
	mux := http.NewServeMux()
	mux.HandleFunc("/changes", board.poll)
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	server := &http.Server{Handler: mux, Protocols: clearText()}
	log.Fatal(server.Serve(listener))
}

// clearText is HTTP/2 alone, without TLS.
func clearText() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

// board tells of changes, of which there are none while it is recorded.
type board struct {
	changes chan string
}

func (b *board) poll(w http.ResponseWriter, r *http.Request) {
	change := make(chan string, 1)
	go b.await(r.Context(), change)
	select {
	case text := <-change:
		_, _ = io.WriteString(w, text)
	case <-r.Context().Done():
	}
}

func (b *board) await(ctx context.Context, change chan<- string) {
	select {
	case text := <-b.changes:
		change <- text
	case <-ctx.Done():
	}
}

func clients(ctx context.Context, server string) {
	client := &http.Client{Transport: &http.Transport{Protocols: clearText()}}
	pace.Ramp(ctx, 180, 110*time.Second, func(int) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/changes", nil)
		admin.Must(err)
		response, err := client.Do(request)
		if err != nil {
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
	})
}
