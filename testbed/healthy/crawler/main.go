// Crawler visits a new site about every second with the default transport, reads each answer to its end and closes it.
// Waits: a read and a write loop of net/http per site, idle in the pool until its timeout of 90 s; they rise until then.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(sites)
	admin.Start()
	queue := make(chan string, 16)
	go crawl(queue)
	mux := http.NewServeMux()
	mux.HandleFunc("/visit", func(_ http.ResponseWriter, r *http.Request) { queue <- r.FormValue("site") })
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func crawl(queue <-chan string) {
	for site := range queue {
		response, err := http.Get("http://" + site)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// sites are servers of their own, each of which asks to be visited once.
func sites(ctx context.Context, crawler string) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "welcome") })
	pace.Ramp(ctx, 130, 117*time.Second, func(int) {
		site := admin.Loopback()
		context.AfterFunc(ctx, func() { _ = site.Close() })
		go visit(ctx, crawler, site)
		_ = http.Serve(site, page)
	})
}

func visit(ctx context.Context, crawler string, site net.Listener) {
	pace.Get(ctx, crawler+"/visit?site="+site.Addr().String())
}
