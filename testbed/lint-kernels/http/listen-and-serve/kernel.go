// Package kernel serves a status page through the shortcut that knows no time limits.
//
// Not run: it is the server of http/server-without-timeouts, on a port of its own.
package kernel

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
	if err := http.ListenAndServe(address, mux); err != nil { // want TO003
		return fmt.Errorf("serve status: %w", err)
	}
	return nil
}
