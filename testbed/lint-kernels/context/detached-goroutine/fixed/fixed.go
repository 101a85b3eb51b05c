// Package fixed records visits in the background with a context that has an end.
package fixed

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"time"
)

type visits struct {
	db *sql.DB
}

func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page := r.URL.Path
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 100*time.Millisecond)
	go func() {
		defer cancel()
		if err := v.record(ctx, page); err != nil {
			slog.DebugContext(ctx, "visit not recorded", "page", page, "error", err)
		}
	}()
	w.WriteHeader(http.StatusNoContent)
}

func (v *visits) record(ctx context.Context, page string) error {
	_, err := v.db.ExecContext(ctx, "slow insert into visits values ($1)", page)
	return err
}
