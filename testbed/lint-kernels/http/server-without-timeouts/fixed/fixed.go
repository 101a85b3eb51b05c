// Package fixed serves health checks and hangs up on clients that never finish their request.
package fixed

import (
	"net"
	"net/http"
	"time"
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
	return &http.Server{Handler: h, ReadHeaderTimeout: 100 * time.Millisecond, IdleTimeout: time.Second}
}

func serve(l net.Listener, h health) error {
	return newServer(h).Serve(l)
}
