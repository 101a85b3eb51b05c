// Package fixed writes thumbnails after the answer was sent, under a context that outlives the request.
package fixed

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

type thumbnails struct {
	write func(ctx context.Context, name string) error
	lost  atomic.Int64
}

func (t *thumbnails) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	go t.store(context.WithoutCancel(r.Context()), name)
	w.WriteHeader(http.StatusAccepted)
}

func (t *thumbnails) store(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := t.write(ctx, name); err != nil {
		t.lost.Add(1)
	}
}

func newThumbnails() *thumbnails {
	return &thumbnails{write: func(ctx context.Context, _ string) error { return ctx.Err() }}
}
