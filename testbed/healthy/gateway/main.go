// Gateway is a reverse proxy that fans each request out to three backends over HTTP/2 and HTTP/1.1, all in one process, with TLS.
// Waits: HTTP/2 connections on both ends, response readers, idle keep-alive pairs, callers waiting for a slow backend.
package main

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		go pace.Every(ctx, 15, 96, func() { pace.Get(ctx, server+"/page") })
		for range 40 {
			go func() {
				for pace.Sleep(ctx, time.Second) {
					pace.Get(ctx, server+"/proxy/updates")
				}
			}()
		}
	})
	admin.Start()
	backends := []*httptest.Server{backend(true), backend(true), backend(false)}
	upstream, err := url.Parse(backends[0].URL)
	admin.Must(err)
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = backends[0].Client().Transport

	mux := http.NewServeMux()
	mux.Handle("/proxy/", http.StripPrefix("/proxy", proxy))
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		group, ctx := errgroup.WithContext(r.Context())
		for _, backend := range backends {
			group.Go(func() error { return part(ctx, backend) })
		}
		if err := group.Wait(); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

func backend(http2 bool) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/part", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Duration(50+rand.IntN(900)) * time.Millisecond)
		_, _ = io.WriteString(w, "part")
	})
	mux.HandleFunc("/updates", func(w http.ResponseWriter, r *http.Request) {
		pace.Sleep(r.Context(), 25*time.Second)
	})
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = http2
	server.StartTLS()
	return server
}

func part(ctx context.Context, backend *httptest.Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, backend.URL+"/part", nil)
	if err != nil {
		return err
	}
	response, err := backend.Client().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
