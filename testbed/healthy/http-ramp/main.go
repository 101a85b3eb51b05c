// Http-ramp is a net/http server whose 300 keep-alive clients arrive over 40 s and then stay; each asks every few seconds.
// Waits: idle connections (IO wait), handlers that take up to 2 s, main on signals.
package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	listener := admin.Loopback()
	mux := http.NewServeMux()
	mux.HandleFunc("/catalogue", catalogue)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	admin.StartClients("http://" + listener.Addr().String())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	_ = server.Shutdown(context.Background())
}

func catalogue(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Duration(rand.IntN(2000)) * time.Millisecond):
		_, _ = io.WriteString(w, "ok")
	case <-r.Context().Done():
	}
}

func clients(ctx context.Context, server string) {
	pace.Ramp(ctx, 300, 40*time.Second, func(int) {
		client := &http.Client{Transport: &http.Transport{}}
		for ctx.Err() == nil {
			if response, err := client.Get(server + "/catalogue"); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			pace.Sleep(ctx, time.Duration(2+rand.IntN(6))*time.Second)
		}
	})
}
