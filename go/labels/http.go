// The net/http middleware and RoundTripper.

package labels

import (
	"context"
	"net/http"
	"runtime/pprof"
	"sync/atomic"
	"time"
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
	return func(m *middleware) { m.trace = rule }
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
func HTTP(table *Table, service string, opts ...HTTPOption) func(http.Handler) http.Handler {
	if table == nil {
		table = NewTable(0)
	}
	m := &middleware{table: table, service: service, trace: Traceparent, slow: DefaultSlow, tracedMax: DefaultTraced}
	for _, o := range opts {
		if o != nil {
			o(m)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(next, w, r) })
	}
}

type middleware struct {
	table     *Table
	service   string
	endpoint  func(*http.Request) string
	trace     TraceRule
	slow      time.Duration
	tracedMax int64
	traced    atomic.Int64
}

func (m *middleware) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	set := m.table.Endpoint(m.service, m.name(r))
	outer := r.Context()
	q := &request{Context: outer, set: set, middleware: m}
	if labelled(outer) {
		q.merged = pprof.WithLabels(outer, pprof.Labels(set.id.pairs()...))
	}
	var sampled bool
	if q.traceID, sampled = m.traceOf(r); sampled {
		q.wear()
	}
	if q.traceID != "" && m.slow > 0 {
		q.start = time.Now()
	}
	inner := r.WithContext(q)
	set.Begin()
	outcome := Panicked
	defer func() {
		pprof.SetGoroutineLabels(outer)
		q.leave()
		set.End(outcome)
		// The server and the middleware around this one see the request that they passed in: what serving it
		// leaves there for them, the route and the files of a form to be removed, is in the copy.
		r.Pattern = inner.Pattern
		if r.MultipartForm == nil {
			r.MultipartForm = inner.MultipartForm
		}
	}()
	pprof.SetGoroutineLabels(q)
	next.ServeHTTP(w, inner)
	outcome = outcomeOf(outer)
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

func (m *middleware) traceOf(r *http.Request) (id string, sampled bool) {
	if m.trace == nil || m.tracedMax <= 0 {
		return "", false
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
	set        *Set
	middleware *middleware
	traceID    string
	start      time.Time
	merged     context.Context // labels where the outer context had some of its own
	traced     atomic.Pointer[context.Context]
	state      atomic.Int32
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
	switch key {
	case requestKey{}:
		return q
	case tableKey{}:
		return q.middleware.table
	}
	if v := q.labels().Value(key); v != nil {
		return v
	}
	return q.Context.Value(key)
}

func (q *request) labels() context.Context {
	if t := q.traced.Load(); t != nil {
		return *t
	}
	if q.merged != nil {
		return q.merged
	}
	return q.set.labels
}

// wear adds the trace id to the labels of the request's context, if there is one and the budget allows.
func (q *request) wear() {
	if q.traceID == "" || !q.state.CompareAndSwap(plain, busy) {
		return
	}
	m := q.middleware
	if m.traced.Add(1) > m.tracedMax {
		m.traced.Add(-1)
		q.state.CompareAndSwap(busy, plain)
		return
	}
	var labels context.Context
	if q.merged != nil {
		labels = pprof.WithLabels(q.merged, pprof.Labels(TraceID, cut(q.traceID)))
	} else { // all at once: merging with those of the set takes three allocations more
		var kv [6]string
		labels = pprof.WithLabels(context.Background(), pprof.Labels(append(q.set.id.appendTo(kv[:0]), TraceID, cut(q.traceID))...))
	}
	q.traced.Store(&labels)
	if !q.state.CompareAndSwap(busy, worn) {
		m.traced.Add(-1) // it left meanwhile
	}
}

func (q *request) leave() {
	if q.state.Swap(left) == worn {
		q.middleware.traced.Add(-1)
	}
}

// Checkpoint puts the id of the trace on the calling goroutine if it works for a request of HTTP that is slow,
// and tells whether the goroutine wears it now. Nobody can label the goroutine of another, so a request becomes
// known as slow only where its code passes a Checkpoint: before a query, at each turn of a long loop, or in
// [Transport]. It costs a look-up in the context and at the clock (BenchmarkCheckpoint).
func Checkpoint(ctx context.Context) bool {
	q, _ := ctx.Value(requestKey{}).(*request)
	if q == nil {
		return false
	}
	if q.state.Load() == plain && !q.start.IsZero() && time.Since(q.start) >= q.middleware.slow {
		q.wear()
	}
	if q.state.Load() != worn {
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
