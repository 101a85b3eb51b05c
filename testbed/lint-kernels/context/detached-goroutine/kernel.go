// Package kernel records visits in the background of a handler, under a context that nothing ends.
package kernel

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
)

type visits struct {
	db *sql.DB
}

func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page := r.URL.Path
	go func() {
		ctx := context.Background()                 // want CX001
		if err := v.record(ctx, page); err != nil { // stuck
			slog.ErrorContext(ctx, "visit not recorded", "page", page, "error", err)
		}
	}()
	w.WriteHeader(http.StatusNoContent)
}

func (v *visits) record(ctx context.Context, page string) error {
	_, err := v.db.ExecContext(ctx, "slow insert into visits values ($1)", page) // via; stuck
	return err
}
