// Bodies-unclosed checks its tenants' webhooks with HTTP and leaves the body open when the answer is not 200; about one a second.
// Waits: a read and a write loop of net/http per answer never closed, among the idle pairs of a client that closes its bodies.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(tenants)
	admin.Start()
	listener := admin.Loopback()
	addr := listener.Addr().String()
	admin.Must(listener.Close())
	admin.StartClients(addr)
	time.Sleep(time.Second)

	ctx := context.Background()
	for range 30 {
		go pace.Every(ctx, 0.5, 1, func() { pace.Get(ctx, "http://"+addr+"/report") })
	}
	pace.Every(ctx, 1, 8, func() {
		if err := check("http://" + addr + "/hook"); err != nil {
			log.Print(err)
		}
	})
}

// check loses the body, and with it the connection's two goroutines, on the early return.
func check(url string) error {
	response, err := http.Get(url) // want LK009 in net/http.(*persistConn).readLoop
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return nil
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// tenants answer in the other process, so that its ends of the connections are not in the picture.
func tenants(_ context.Context, addr string) {
	listener, err := net.Listen("tcp", addr)
	admin.Must(err)
	body := strings.Repeat("not now ", 4096)
	answer := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		if r.URL.Path == "/hook" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, body)
	}
	go func() { log.Fatal(http.Serve(listener, http.HandlerFunc(answer))) }()
}
