// The net/http middleware.

package canceltrace

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"time"
)

// Middleware watches the context of each request until next returns. The
// event's handler is the pattern that [http.ServeMux] chose: next itself may
// be the mux, or Tracer.Mux name it, or the middleware may stand inside of it.
// The ResponseWriter is passed on as it is.
func (t *Tracer) Middleware(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	mux := t.Mux
	if m, ok := next.(*http.ServeMux); ok && mux == nil {
		mux = m
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		op := Operation{Kind: HTTPServer, Protocol: r.Proto, Handler: r.Pattern, Received: true}
		if values := r.Header["Traceparent"]; len(values) == 1 {
			op.Traceparent = values[0]
		}
		var at route
		if r.Pattern == "" && mux != nil {
			at = route{mux, r.Method, r.Host, r.URL.Path}
		}
		w, cancel := t.watchRequest(r, op, at)
		if cancel != nil {
			defer cancel()
		}
		defer w.End()
		w.serve(next, rw, r.WithContext(w))
	})
}

// watchRequest applies Deadlines, too: together they need one copy of the
// request and register with the server's context only.
func (t *Tracer) watchRequest(r *http.Request, op Operation, at route) (*Watched, context.CancelFunc) {
	ctx := r.Context()
	w := &Watched{Context: ctx, tracer: t, op: op, route: at, start: time.Now()}
	var cancel context.CancelFunc
	w.Context, w.deadline, cancel = t.Deadlines.Bound(ctx, r.Header, w.start)
	if ctx.Done() != nil || cancel != nil {
		w.begin(ctx)
	}
	return w, cancel
}

// serve is the frame by which handlerDepth finds the handler's goroutine: its
// receiver stands in the dump, as long as it is needed after the call.
//
//go:noinline
func (w *Watched) serve(next http.Handler, rw http.ResponseWriter, r *http.Request) {
	next.ServeHTTP(rw, r)
	runtime.KeepAlive(w)
}

func (r *route) pattern() string {
	_, pattern := r.mux.Handler(&http.Request{Method: r.method, Host: r.host, URL: &url.URL{Path: r.path}})
	return pattern
}
