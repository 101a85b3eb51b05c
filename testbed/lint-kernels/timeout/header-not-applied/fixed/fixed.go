// Package fixed reads the caller's time limit from a header and works under it.
package fixed

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
	limit, err := time.ParseDuration(r.Header.Get("X-Timeout"))
	if err != nil {
		limit = 100 * time.Millisecond
	}
	slog.Debug("feed", "limit", limit)
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	page, err := f.load(ctx, r.FormValue("user"))
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
