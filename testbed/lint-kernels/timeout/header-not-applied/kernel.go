// Package kernel reads the caller's time limit from a header, writes it to the log and works without it.
package kernel

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

type feed struct {
	load func(ctx context.Context, user string) (string, error)
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit, err := time.ParseDuration(r.Header.Get("X-Timeout")) // want TO001
	if err != nil {
		limit = 100 * time.Millisecond
	}
	slog.Debug("feed", "limit", limit)
	page, err := f.load(r.Context(), r.FormValue("user")) // via; stuck
	if err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
		return
	}
	fmt.Fprint(w, page)
}

func hang(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
