// The net/http middleware and RoundTripper.

package labels

import (
	"context"
	"net/http"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/internal/joint"
)

// Unrouted is the endpoint of requests for which nobody names a route.
const Unrouted = "unrouted"

// Defaults of the middleware.
const (
	DefaultSlow   = time.Second
	DefaultTraced = 64
)

// HTTPOption changes the middleware of HTTP.
type HTTPOption func(*middleware)

// WithEndpoint names the endpoint of a request before it is served. The names must be from a bounded list; the
// table holds what is over under "other". Where f returns "" or panics, r.Pattern is the endpoint. f runs on the
// goroutine of the request and must not block.
func WithEndpoint(f func(*http.Request) string) HTTPOption {
	return func(m *middleware) { m.endpoint = f }
}

// FromMux names endpoints by the patterns of a mux that the middleware stands around: a mux sets r.Pattern only
// while it serves, which is too late there. It costs the mux's search for the route once more
// (BenchmarkHTTPAroundMux); a middleware around each handler inside the mux needs no such thing.
func FromMux(mux *http.ServeMux) func(*http.Request) string {
	return func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return pattern
	}
}

// TraceRule tells the id of a request's trace, and whether it should be put on the goroutine at once. An id
// without sampled is put there when the request proves slow. It runs on the goroutine of the request and must
// not block; one that panics is taken to know no trace.
type TraceRule func(*http.Request) (traceID string, sampled bool)

// WithTrace sets the rule for trace ids; the default is [Traceparent]. nil turns trace ids off.
func WithTrace(rule TraceRule) HTTPOption {
	return func(m *middleware) { m.trace, m.untraced = rule, rule == nil }
}

// WithSlow sets how long a request runs until [Checkpoint] calls it slow; the default is one second, 0 or less
// is never.
func WithSlow(after time.Duration) HTTPOption {
	return func(m *middleware) { m.slow = after }
}

// WithTraced sets how many requests may wear a trace id at the same time; the default is 64, 0 or less is none.
func WithTraced(limit int) HTTPOption {
	return func(m *middleware) { m.tracedMax = int64(limit) }
}

// HTTP labels the goroutine of each request with service and endpoint while it is served, passes the labels on
// in the request's context, and counts requests in the table, where Runners made from that context count their
// tasks, too. The endpoint is r.Pattern, or what WithEndpoint says. A request whose context is done when its
// handler returns counts as cancelled. When the handler returns or panics, the goroutine wears the labels of the
// context that the middleware was called with. A nil table is one of its own.
//
// Next to the middleware of package canceltrace, on either side of it, both share one context and one copy of the
// request (BenchmarkChain there).
func HTTP(table *Table, service string, opts ...HTTPOption) func(http.Handler) http.Handler {
	if table == nil {
		table = NewTable(0)
	}
	m := &middleware{table: table, service: service, slow: DefaultSlow, since: time.Now(), tracedMax: DefaultTraced}
	for _, o := range opts {
		if o != nil {
			o(m)
		}
	}
	return func(next http.Handler) http.Handler {
		h := &handler{m, next}
		if outer, ok := next.(joint.Watcher); ok {
			return outer.Join(h)
		}
		return h
	}
}

type middleware struct {
	table     *Table
	service   string
	endpoint  func(*http.Request) string
	trace     TraceRule // nil for the default
	untraced  bool
	slow      time.Duration
	since     time.Time // when the middleware was made
	tracedMax int64
	traced    atomic.Int64
}

// handler is what stands in front of next. Package canceltrace makes the context of its requests itself, and calls
// Enter and Serve.
type handler struct {
	*middleware
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Context: r.Context()}
	h.Enter(&q.labels, r, time.Time{})
	h.Serve(&q.labels, h.next, w, r.WithContext(q), r)
}

// Next is the handler behind.
func (h *handler) Next() http.Handler { return h.next }

// Enter finds the labels of a request.
func (m *middleware) Enter(l *joint.Labels, r *http.Request, now time.Time) {
	set := m.table.Endpoint(m.service, m.name(r))
	l.Owner, l.Set, l.Labels = m, set, set.labels
	if outer := r.Context(); labelled(outer) {
		l.Labels, l.Merged = pprof.WithLabels(outer, pprof.Labels(set.id.pairs()...)), true
	}
	var sampled bool
	if l.Trace, sampled = m.traceOf(r); sampled {
		if withTrace(l, &l.Labels) { // nobody else knows of l yet
			l.State.Store(worn)
		}
	}
	if l.Trace != "" && m.slow > 0 {
		if now.IsZero() {
			now = time.Now()
		}
		l.Start = max(1, now.Sub(m.since))
	}
}

// Serve serves the copy of a request with the labels of its context on.
func (m *middleware) Serve(l *joint.Labels, next http.Handler, w http.ResponseWriter, r, given *http.Request) {
	set := setOf(l)
	set.Begin()
	outcome := Panicked
	defer func() {
		pprof.SetGoroutineLabels(given.Context())
		leave(l)
		set.End(outcome)
		joint.HandBack(given, r)
	}()
	ctx := r.Context()
	pprof.SetGoroutineLabels(ctx)
	next.ServeHTTP(w, r)
	outcome = outcomeOf(ctx)
}

func (m *middleware) name(r *http.Request) (name string) {
	if m.endpoint != nil {
		name = m.ask(r)
	}
	if name == "" {
		name = r.Pattern
	}
	if name == "" {
		name = Unrouted
	}
	return name
}

func (m *middleware) ask(r *http.Request) (name string) {
	defer func() {
		if recover() != nil {
			name = ""
		}
	}()
	return m.endpoint(r)
}

// traceOf is the trace id and whether to put it on at once. By the default rule it is the header itself: who is not
// sampled is rarely asked for the id, which is read then.
func (m *middleware) traceOf(r *http.Request) (id string, sampled bool) {
	if m.untraced || m.tracedMax <= 0 {
		return "", false
	}
	if m.trace == nil {
		values := r.Header["Traceparent"]
		if len(values) != 1 {
			return "", false
		}
		return values[0], maybeSampled(values[0])
	}
	defer func() {
		if recover() != nil {
			id, sampled = "", false
		}
	}()
	return m.trace(r)
}

// request is the context of a request: the labels of its set, and those with the trace id once it wears one.
type request struct {
	context.Context
	labels joint.Labels
}

// States of a request: no trace id yet, being labelled, wears one, left.
const (
	plain = iota
	busy
	worn
	left
)

type requestKey struct{}

// Value answers for the labels, for the table, and for the request itself.
func (q *request) Value(key any) any {
	if v := value(&q.labels, key); v != nil {
		return v
	}
	return q.Context.Value(key)
}

// Value is what l knows of a key.
func (m *middleware) Value(l *joint.Labels, key any) any { return value(l, key) }

func value(l *joint.Labels, key any) any {
	switch key {
	case requestKey{}:
		return l
	case tableKey{}:
		return ownerOf(l).table
	}
	return labelsOf(l).Value(key)
}

func ownerOf(l *joint.Labels) *middleware {
	m, _ := l.Owner.(*middleware)
	return m
}

func setOf(l *joint.Labels) *Set {
	s, _ := l.Set.(*Set)
	return s
}

func labelsOf(l *joint.Labels) context.Context {
	if t := l.Traced.Load(); t != nil {
		return *t
	}
	return l.Labels
}

// wear adds the trace id to the labels of the request's context, if there is one and the budget allows.
func wear(l *joint.Labels) {
	if !l.State.CompareAndSwap(plain, busy) {
		return
	}
	var labels context.Context
	if !withTrace(l, &labels) {
		l.State.CompareAndSwap(busy, plain)
		return
	}
	l.Traced.Store(&labels)
	if !l.State.CompareAndSwap(busy, worn) {
		ownerOf(l).traced.Add(-1) // it left meanwhile
	}
}

// withTrace makes the labels with the trace id and takes one from the budget, if it can.
func withTrace(l *joint.Labels, labels *context.Context) bool {
	m, id := ownerOf(l), l.Trace
	if m.trace == nil {
		id, _ = parseTraceparent(id)
	}
	if id == "" {
		return false
	}
	if m.traced.Add(1) > m.tracedMax {
		m.traced.Add(-1)
		return false
	}
	if l.Merged {
		*labels = pprof.WithLabels(l.Labels, pprof.Labels(TraceID, cut(id)))
	} else { // all at once: merging with those of the set takes three allocations more
		var kv [6]string
		*labels = pprof.WithLabels(context.Background(), pprof.Labels(append(setOf(l).id.appendTo(kv[:0]), TraceID, cut(id))...))
	}
	return true
}

func leave(l *joint.Labels) {
	if l.State.Swap(left) == worn {
		ownerOf(l).traced.Add(-1)
	}
}

// Checkpoint puts the id of the trace on the calling goroutine if it works for a request of HTTP that is slow,
// and tells whether the goroutine wears it now. Nobody can label the goroutine of another, so a request becomes
// known as slow only where its code passes a Checkpoint: before a query, at each turn of a long loop, or in
// [Transport]. It costs a look-up in the context and at the clock (BenchmarkCheckpoint).
func Checkpoint(ctx context.Context) bool {
	l, _ := ctx.Value(requestKey{}).(*joint.Labels)
	if l == nil {
		return false
	}
	if l.State.Load() == plain && l.Start > 0 && time.Since(ownerOf(l).since)-l.Start >= ownerOf(l).slow {
		wear(l)
	}
	if l.State.Load() != worn {
		return false
	}
	pprof.SetGoroutineLabels(ctx)
	return true
}

// Transport is base, or http.DefaultTransport where it is nil, with a Checkpoint before each request: a handler
// that calls on after being slow for long wears the id of its trace while it waits.
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return transport{base}
}

type transport struct{ base http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	Checkpoint(r.Context())
	return t.base.RoundTrip(r)
}

// CloseIdleConnections lets http.Client reach the method of the same name below.
func (t transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
