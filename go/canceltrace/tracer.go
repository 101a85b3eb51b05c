// Package canceltrace tells who cancelled a context while work was going on
// under it: one event per context that was really cancelled, none for one
// that simply ended.
//
// A [Tracer] watches requests ([Tracer.Middleware]), calls
// ([Tracer.Transport]) and named pieces of work ([Tracer.Start]); the modules
// herdgrpc and herdsql do the same for gRPC and database/sql. Events go to
// sinks, such as [Slog] and [Counter].
//
// The context package alone cannot tell a client that has gone from a handler
// that has returned, and net/http gives neither a cause. The middleware lets
// go of the context before the handler's return reaches the server, so that
// what is left is a real cancel; [Tracer.Listener] watches the connection, so
// that its end can be told from a cancel by this process. What still fits
// several causes is reported as [Unknown] with what was observed.
//
// # Cost
//
// A watched request costs one context, one copy of the request and a timer
// that is used again: some hundred nanoseconds (BenchmarkMiddleware). One that
// runs for more than 2 ms is registered with its context, which costs about as
// much again. The middleware of package labels right inside or right outside of
// this one shares its context and its copy, so that everything together costs
// not much more than one (BenchmarkChain). A deadline from a header costs little
// until somebody waits for it; then it costs a context.WithDeadline. A watched
// connection costs one more call per read (BenchmarkConn). An event
// costs a goroutine and some microseconds (BenchmarkEvent).
//
// # Limits
//
// The middleware belongs outside of everything that cancels without a cause
// and inside of what sets deadlines: it sees the contexts above it, not those
// a handler derives. HTTP/1 notices a client that has gone only once the
// request's body is read and while nothing more has been sent on the
// connection. On HTTP/2, gRPC and TLS a plain cancel between the server and
// the middleware looks like a reset by the client.
package canceltrace

import (
	"context"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/deadline"
)

// Sink receives events, one at a time, in one goroutine per Tracer. ctx
// carries the values of the cancelled context but is not cancelled itself. A
// sink that panics loses that event, one that blocks delays the following
// ones until the queue is full; neither is felt by requests.
type Sink func(ctx context.Context, e Event)

// Tracer watches contexts. The zero value counts and reports nothing else.
// The fields are set before first use and not changed afterwards; a Tracer
// must not be copied. All methods can be called from many goroutines at once,
// and a nil *Tracer watches nothing.
type Tracer struct {
	// Sinks get every event, in this order.
	Sinks []Sink

	// QueueLen bounds the events that wait for the sinks, besides at most as many
	// that are being delivered; what comes on top is dropped and counted. Zero or
	// less means 1024.
	QueueLen int

	// Annotate, if not nil, gets the event at once, before the operation is seen
	// to end, as long as it takes no longer than 10 ms; a span event must be
	// added before the span ends. It runs in a goroutine of its own. Of more
	// than 64 such calls at a time the others are skipped and counted.
	Annotate Sink

	// Trace returns the ids to report for a context; empty ones are looked for
	// in traceparent. It is called only for events, in a goroutine that no
	// request waits for. If it panics, the ids are those of traceparent.
	Trace func(context.Context) (traceID, spanID string)

	// Mux finds the route's pattern when the middleware stands in front of the
	// mux and is not given it directly. It is asked only for events.
	Mux *http.ServeMux

	// Deadlines, if not nil, is applied by Middleware to each request before it
	// is watched. It does what Deadlines.Middleware around it would do, for
	// fewer allocations.
	Deadlines *deadline.Chain

	// HandlerStackEvery allows one look at a handler's stack in that time, so
	// that events tell how deep the handler was. Each look stops the world for a
	// few µs per goroutine and is not taken at more than 1,000 goroutines. Zero
	// or less: never.
	HandlerStackEvery time.Duration

	counts     [len(causes)]atomic.Uint64
	dropped    atomic.Uint64
	panicked   atomic.Uint64
	skipped    atomic.Uint64
	annotating atomic.Int32
	lastStack  atomic.Int64

	mu      sync.Mutex
	queue   []queued
	running bool
	idle    chan struct{} // closed when the queue has been delivered; nil when nobody waits
}

type queued struct {
	ctx   context.Context
	event Event
}

// Counts are totals since the Tracer was made.
type Counts struct {
	Timeout    uint64 `json:"timeout"`
	ClientGone uint64 `json:"client_gone"`
	Explicit   uint64 `json:"explicit"`
	Parent     uint64 `json:"parent"`
	Unknown    uint64 `json:"unknown"`
	// Dropped events found the queue full. They are counted by cause, too.
	Dropped uint64 `json:"dropped"`
	// Panicked counts calls of a sink or of Trace that panicked.
	Panicked uint64 `json:"panicked"`
	// Skipped counts events that Annotate did not get.
	Skipped uint64 `json:"skipped"`
}

// Total is the number of events of all causes.
func (c Counts) Total() uint64 {
	return c.Timeout + c.ClientGone + c.Explicit + c.Parent + c.Unknown
}

// Counts returns the totals so far.
func (t *Tracer) Counts() Counts {
	if t == nil {
		return Counts{}
	}
	var by [len(causes)]uint64
	for i := range by {
		by[i] = t.counts[i].Load()
	}
	return Counts{
		Timeout: by[0], ClientGone: by[1], Explicit: by[2], Parent: by[3], Unknown: by[4],
		Dropped: t.dropped.Load(), Panicked: t.panicked.Load(), Skipped: t.skipped.Load(),
	}
}

// Flush waits until the sinks have got every event queued before the call, or
// until ctx is done and returns its error. A server calls it before it exits.
func (t *Tracer) Flush(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	if !t.running {
		t.mu.Unlock()
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tracer) count(cause Cause) {
	for i, c := range causes {
		if c == cause {
			t.counts[i].Add(1)
		}
	}
}

// report hands the event on without waiting for anybody.
func (t *Tracer) report(ctx context.Context, e Event) {
	if len(t.Sinks) == 0 {
		return
	}
	limit := t.QueueLen
	if limit <= 0 {
		limit = 1024
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) >= limit {
		t.dropped.Add(1)
		return
	}
	t.queue = append(t.queue, queued{context.WithoutCancel(ctx), e})
	if !t.running {
		t.running = true
		go t.deliver()
	}
}

// deliver empties the queue and ends. It starts in the goroutine of an
// AfterFunc, which carries the canceller's labels; they are not its own.
func (t *Tracer) deliver() {
	pprof.SetGoroutineLabels(context.Background())
	for {
		t.mu.Lock()
		batch := t.queue
		t.queue = nil
		if len(batch) == 0 {
			t.running = false
			if t.idle != nil {
				close(t.idle)
				t.idle = nil
			}
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		for i := range batch {
			for _, s := range t.Sinks {
				t.protect(func() { s(batch[i].ctx, batch[i].event) })
			}
		}
	}
}

// annotate calls Annotate unless too many calls are under way.
func (t *Tracer) annotate(ctx context.Context, e Event) {
	const limit = 64
	if t.annotating.Add(1) > limit {
		t.annotating.Add(-1)
		t.skipped.Add(1)
		return
	}
	defer t.annotating.Add(-1)
	t.protect(func() { t.Annotate(context.WithoutCancel(ctx), e) })
}

// ids asks Trace, then the header.
func (t *Tracer) ids(ctx context.Context, traceparent string) (traceID, spanID string) {
	if t.Trace != nil {
		t.protect(func() { traceID, spanID = t.Trace(ctx) })
	}
	if traceID == "" {
		traceID, spanID, _ = ParseTraceparent(traceparent)
	}
	return traceID, spanID
}

// protect runs what belongs to others.
func (t *Tracer) protect(f func()) {
	defer func() {
		if recover() != nil {
			t.panicked.Add(1)
		}
	}()
	f()
}

// ParseTraceparent reads a W3C traceparent header strictly: version 00 has
// exactly four lower-case fields, later versions may have more, and ids of
// zeros are refused.
func ParseTraceparent(s string) (traceID, spanID string, ok bool) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return "", "", false
	}
	version, traceID, spanID, flags := s[:2], s[3:35], s[36:52], s[53:55]
	if !hex(version) || !hex(traceID) || !hex(spanID) || !hex(flags) || version == "ff" ||
		version == "00" && len(s) != 55 || len(s) > 55 && s[55] != '-' ||
		strings.Trim(traceID, "0") == "" || strings.Trim(spanID, "0") == "" {
		return "", "", false
	}
	return traceID, spanID, true
}

func hex(s string) bool {
	for i := range len(s) {
		if b := s[i]; (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}
