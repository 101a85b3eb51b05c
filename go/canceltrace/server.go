// The net/http middleware.

package canceltrace

import (
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/internal/joint"
	"github.com/goherd/goherd/go/internal/lazydeadline"
)

// Middleware watches the context of each request until next returns. The
// event's handler is the pattern that [http.ServeMux] chose: next itself may
// be the mux, or Tracer.Mux name it, or the middleware may stand inside of it.
// The ResponseWriter is passed on as it is. With next from labels.HTTP, or
// inside of it, both share one context.
func (t *Tracer) Middleware(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	if l, ok := next.(joint.Labeller); ok {
		return t.serverOf(l.Next(), l)
	}
	return t.serverOf(next, nil)
}

func (t *Tracer) serverOf(next http.Handler, l joint.Labeller) *server {
	mux := t.Mux
	if m, ok := next.(*http.ServeMux); ok && mux == nil {
		mux = m
	}
	return &server{t, mux, next, l}
}

// server is the middleware, and that of package labels where it stands next to
// it.
type server struct {
	tracer   *Tracer
	mux      *http.ServeMux
	next     http.Handler
	labeller joint.Labeller // nil: goroutines are not labelled here
}

// Join takes a labeller in that stands around s.
func (s *server) Join(l joint.Labeller) http.Handler {
	if s.labeller != nil {
		return l // it labels a second time, in a context of its own
	}
	return &server{s.tracer, s.mux, s.next, l}
}

func (s *server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	q := s.begin(r)
	inner := r.WithContext(q)
	defer q.end(inner, r)
	if s.labeller != nil {
		s.labeller.Serve(&q.labels, q, rw, inner, r)
		return
	}
	q.ServeHTTP(rw, inner)
}

// request is the context of a request, and all that is known of it here.
type request struct {
	Watched
	server *server
	own    *lazydeadline.Context // nil where the headers have no sooner deadline
	at     *time.Time            // the deadline, nil for none
	labels joint.Labels
}

// bound is a request with a deadline of its own, in one allocation.
type bound struct {
	request
	deadline lazydeadline.Context
}

// begin applies the deadline of the headers, watches and labels.
func (s *server) begin(r *http.Request) (q *request) {
	now, outer := time.Now(), r.Context()
	at, sooner := s.tracer.Deadlines.Find(outer, r.Header, now)
	late := sooner && !at.After(now)
	if sooner {
		b := new(bound)
		b.deadline.Start(outer, at, !late)
		q = &b.request
		q.own, q.at, q.Context = &b.deadline, b.deadline.At(), &b.deadline
	} else {
		q = &request{Watched: Watched{Context: outer}}
		if !at.IsZero() {
			present := at
			q.at = &present
		}
	}
	q.server, q.tracer, q.start = s, s.tracer, now
	q.op = Operation{Kind: HTTPServer, Protocol: r.Proto, Handler: r.Pattern, Received: true}
	if values := r.Header["Traceparent"]; len(values) == 1 {
		q.op.Traceparent = values[0]
	}
	if r.Pattern == "" && s.mux != nil {
		q.route = &route{s.mux, r.Method, r.Host, r.URL.Path}
	}
	if s.labeller != nil {
		s.labeller.Enter(&q.labels, r, now)
	}
	switch {
	case late: // it has ended before it began
	case sooner:
		q.watch(outer, at)
	case outer.Done() != nil:
		q.watch(outer, time.Time{})
	}
	return q
}

// ServeHTTP is what the labels are put around.
func (q *request) ServeHTTP(rw http.ResponseWriter, r *http.Request) { q.serve(q.server.next, rw, r) }

func (q *request) end(inner, given *http.Request) {
	q.End()
	if q.own != nil {
		q.own.Cancel()
	}
	joint.HandBack(given, inner)
}

// Value answers for all that is in one here.
func (q *request) Value(key any) any {
	switch key.(type) {
	case watchedKey:
		return &q.Watched
	case deadline.Key:
		if q.at != nil {
			return q.at
		}
	}
	if l := q.server.labeller; l != nil {
		if v := l.Value(&q.labels, key); v != nil {
			return v
		}
	}
	return q.Context.Value(key)
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
