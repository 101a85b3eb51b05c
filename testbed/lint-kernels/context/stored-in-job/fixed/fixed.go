// Package fixed queues exports; a job keeps what the request carried and not its end.
package fixed

import (
	"context"
	"log/slog"
	"net/http"
)

type job struct {
	user string
}

type exports struct {
	jobs  chan job
	write func(ctx context.Context, user string) error
}

func (e *exports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case e.jobs <- job{user: r.FormValue("user")}:
	case <-r.Context().Done():
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (e *exports) run(ctx context.Context) {
	for j := range e.jobs {
		if err := e.write(ctx, j.user); err != nil {
			slog.Error("export failed", "user", j.user, "error", err)
		}
	}
}
