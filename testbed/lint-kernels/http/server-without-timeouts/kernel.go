// Package kernel serves health checks; a client that never finishes its request keeps its goroutine for ever.
package kernel

import (
	"net"
	"net/http"
)

type health struct {
	ready func() bool
}

func (h health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if !h.ready() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func newServer(h health) *http.Server {
	return &http.Server{Handler: h} // want TO003; stuck in net/http.(*conn).serve
}

func serve(l net.Listener, h health) error {
	return newServer(h).Serve(l) // via
}
