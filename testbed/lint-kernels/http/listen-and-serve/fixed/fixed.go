// Package fixed serves a status page with limits for slow clients.
package fixed

import (
	"fmt"
	"net/http"
	"time"
)

type status struct {
	started time.Time
}

func (s status) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "up since %s\n", s.started.Format(time.RFC3339))
}

func run(address string) error {
	page := status{started: time.Now()}
	mux := http.NewServeMux()
	mux.Handle("/status", page)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	if err := server.ListenAndServe(); err != nil {
		return fmt.Errorf("serve status: %w", err)
	}
	return nil
}
