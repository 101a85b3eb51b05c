// Package deadline carries a request's deadline from the caller's header into
// the context, and from the context into the headers of the calls it makes.
//
// net/http does neither: a deadline ends at the process boundary unless
// somebody writes it into a header. A [Chain] reads the headers its owner
// names ([GRPCTimeout], [EnvoyExpected], and any [Units] or [Text] header, for
// which there is no standard), takes the earliest of them and of the deadline
// the context has already, and sends what is left on. It counts what goes
// wrong on the way: deadlines lost, widened, or written so that they cannot be
// read.
//
// # Cost
//
// A request without a deadline costs the look into the headers and allocates
// nothing (BenchmarkMiddlewareAbsent). One with a deadline costs one context
// and one copy of the request, and one context.WithDeadline if somebody below
// asks whether it has passed (BenchmarkMiddleware).
// A call costs one copied header map (BenchmarkTransport).
//
// # Limits
//
// A header can only shorten what the context allows, so that a stranger who
// sends one harms nobody but himself. A call made with context.Background()
// below a request cannot be told from a call that never had a request; both
// are counted as Unbounded. Clocks are never compared between machines: what
// travels is the time left, so the time on the wire is lost at every hop.
package deadline

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/internal/lazydeadline"
)

// Chain reads, applies and sends on deadlines. Its zero value reads
// grpc-timeout and Envoy's header and sends Envoy's. The fields are set before
// first use and not changed afterwards; a Chain must not be copied. All
// methods can be called from many goroutines at once, and a nil *Chain leaves
// everything as it is.
type Chain struct {
	// Headers are looked for in each request; the earliest deadline counts.
	// Nil means [GRPCTimeout] and [EnvoyExpected].
	Headers []Header

	// Send are the headers written to outgoing calls. Nil means
	// [EnvoyExpected] alone; a non-nil empty slice sends none.
	Send []Header

	// Max bounds the deadlines read from headers; longer ones are cut to it. It
	// gives no deadline to a request that has none. Zero or less means no bound.
	Max time.Duration

	// Margin is taken from the time left before it is sent on, so that the
	// callee gives up while there is still time to answer. Negative counts as 0.
	Margin time.Duration

	counts counters
}

// Counts are totals since the Chain was made.
type Counts struct {
	// Inherited counts requests whose deadline came from a header.
	Inherited uint64 `json:"inherited"`
	// Absent counts requests with none of the headers.
	Absent uint64 `json:"absent"`
	// Rejected counts header values that could not be read and were ignored.
	Rejected uint64 `json:"rejected"`
	// Wider counts headers that asked for more time than the context had, or
	// than Max: the earlier deadline was kept.
	Wider uint64 `json:"wider"`
	// Sent counts calls that carried their deadline in a header.
	Sent uint64 `json:"sent"`
	// Lost counts calls without a deadline below a request that had one, as
	// context.WithoutCancel makes them.
	Lost uint64 `json:"lost"`
	// Widened counts calls whose deadline was later than that of their request.
	Widened uint64 `json:"widened"`
	// Unbounded counts calls without a deadline and without a request that had
	// one in their context: background work, or a context.Background() below a
	// request.
	Unbounded uint64 `json:"unbounded"`
}

type counters struct {
	inherited, absent, rejected, wider, sent, lost, widened, unbounded atomic.Uint64
}

// Middleware gives each request the earliest of its context's deadline and
// those in its headers. The context is cancelled when next returns. A header
// that cannot be read is ignored and counted: it never becomes a deadline of
// zero. It does not answer the request when the deadline passes; that is
// next's work.
func (c *Chain) Middleware(next http.Handler) http.Handler {
	if c == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := c.Context(r.Context(), r.Header)
		if cancel != nil {
			defer cancel()
		}
		if ctx != r.Context() {
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// Context returns ctx bounded by the deadline found in h, for servers that
// are not net/http's. cancel is nil when ctx needed no new deadline. The
// returned context remembers the deadline for the calls made below it; its
// timer is made when somebody asks for its end.
func (c *Chain) Context(ctx context.Context, h http.Header) (_ context.Context, cancel context.CancelFunc) {
	at, sooner := c.Find(ctx, h, time.Time{})
	switch {
	case sooner:
		own := ownContext{lazydeadline.New(ctx, at, false)}
		return own, own.Cancel
	case !at.IsZero():
		return &requestContext{ctx, at}, nil
	}
	return ctx, nil
}

// Find is Context for those who make a context of their own, which has to
// answer [Key] with &at: at is the deadline of a request, zero when there is
// none, and sooner says that it is before that of ctx. now spares a look at
// the clock if the caller has had one; zero if not.
func (c *Chain) Find(ctx context.Context, h http.Header, now time.Time) (at time.Time, sooner bool) {
	if c == nil {
		return time.Time{}, false
	}
	present, has := ctx.Deadline()
	left, found := c.read(h)
	if !found {
		return present, false
	}
	c.counts.inherited.Add(1)
	if c.Max > 0 && left > c.Max {
		left = c.Max
		c.counts.wider.Add(1)
	}
	if now.IsZero() {
		now = time.Now()
	}
	at = now.Add(left)
	if has && !at.Before(present) {
		c.counts.wider.Add(1)
		return present, false
	}
	return at, true
}

// Counts returns the totals so far.
func (c *Chain) Counts() Counts {
	if c == nil {
		return Counts{}
	}
	n := &c.counts
	return Counts{
		Inherited: n.inherited.Load(),
		Absent:    n.absent.Load(),
		Rejected:  n.rejected.Load(),
		Wider:     n.wider.Load(),
		Sent:      n.sent.Load(),
		Lost:      n.lost.Load(),
		Widened:   n.widened.Load(),
		Unbounded: n.unbounded.Load(),
	}
}

// read returns the least time left that the headers allow.
func (c *Chain) read(h http.Header) (left time.Duration, found bool) {
	present := false
	for i := range c.headers() {
		header := &c.headers()[i]
		if header.Parse == nil {
			continue
		}
		for _, value := range h[header.Name] {
			present = true
			d, err := header.Parse(value)
			if err != nil || d < 0 {
				c.counts.rejected.Add(1)
				continue
			}
			if !found || d < left {
				left, found = d, true
			}
		}
	}
	if !present {
		c.counts.absent.Add(1)
	}
	return left, found
}

var (
	defaultHeaders = []Header{GRPCTimeout(), EnvoyExpected()}
	defaultSend    = []Header{EnvoyExpected()}
)

func (c *Chain) headers() []Header {
	if c.Headers == nil {
		return defaultHeaders
	}
	return c.Headers
}

// Key is the key under which a request's context holds its deadline, a
// *time.Time. A value survives context.WithoutCancel where the deadline does
// not.
type Key struct{}

// requestContext remembers the deadline that its parent has.
type requestContext struct {
	context.Context
	deadline time.Time
}

func (r *requestContext) Value(key any) any {
	if _, ok := key.(Key); ok {
		return &r.deadline
	}
	return r.Context.Value(key)
}

// ownContext has a deadline of its own and remembers it.
type ownContext struct{ *lazydeadline.Context }

func (o ownContext) Value(key any) any {
	if _, ok := key.(Key); ok {
		return o.At()
	}
	return o.Context.Value(key)
}
