// Package kernel queues exports; a job keeps the context of the request that ordered it, which has ended when the job is run.
//
// Not run: nothing hangs, every export fails.
package kernel

import (
	"context"
	"log/slog"
	"net/http"
)

type job struct {
	ctx  context.Context // want CX003
	user string
}

type exports struct {
	jobs  chan job
	write func(ctx context.Context, user string) error
}

func (e *exports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.jobs <- job{ctx: r.Context(), user: r.FormValue("user")} // via
	w.WriteHeader(http.StatusAccepted)
}

func (e *exports) run() {
	for j := range e.jobs {
		if err := e.write(j.ctx, j.user); err != nil { // via
			slog.Error("export failed", "user", j.user, "error", err)
		}
	}
}
