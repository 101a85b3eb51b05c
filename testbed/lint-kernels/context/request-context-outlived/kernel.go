// Package kernel writes thumbnails after the answer was sent, under the context that ends with the answer.
//
// Not run: nothing hangs, thumbnails are lost.
package kernel

import (
	"context"
	"net/http"
	"sync/atomic"
)

type thumbnails struct {
	write func(ctx context.Context, name string) error
	lost  atomic.Int64
}

func (t *thumbnails) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	go t.store(r.Context(), name) // want CX003|CX001
	w.WriteHeader(http.StatusAccepted)
}

func (t *thumbnails) store(ctx context.Context, name string) {
	if err := t.write(ctx, name); err != nil { // via
		t.lost.Add(1)
	}
}

func newThumbnails() *thumbnails {
	return &thumbnails{write: func(ctx context.Context, _ string) error { return ctx.Err() }}
}
