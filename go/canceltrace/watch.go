// One operation under watch: when its context is cancelled before it ends, the
// cause is worked out and reported, once.

package canceltrace

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Operation describes what runs under a context.
type Operation struct {
	Kind     Kind
	Protocol string
	// Handler is what Event.Handler reports; it must be of few values.
	Handler string
	// Traceparent is the header as it was received, or empty.
	Traceparent string
	// Received says that the context comes from a server that cancels it without
	// a cause when its peer has gone.
	Received bool
}

// Watched is a context whose cancellation is reported until End is called. It
// adds nothing to the context but a value by which operations below find it.
type Watched struct {
	context.Context

	tracer  *Tracer
	op      Operation
	route   *route // nil where Operation.Handler is all that is known
	start   time.Time
	hook    *hook
	stop    func() bool   // set while phase is registered
	settled chan struct{} // closed when Annotate has returned; nil without Annotate
	timed   bool          // the deadline is not one of source
	phase   atomic.Int32
	// judged guards verdict, so that whoever comes second waits for it.
	judged   sync.Once
	verdict  *verdict
	reported atomic.Bool
	ended    atomic.Bool // End came before any cancel
	// detached: the operation above had been cancelled before this one began, so
	// that the two contexts have nothing but values in common.
	detached bool
}

// route is what a mux needs to find the pattern, kept apart from the request,
// which belongs to the handler.
type route struct {
	mux                *http.ServeMux
	method, host, path string
}

type watchedKey struct{}

// Value returns the Watched itself to operations that look for their parent.
func (w *Watched) Value(key any) any {
	if _, ok := key.(watchedKey); ok {
		return w
	}
	return w.Context.Value(key)
}

// Phases of a Watched.
const (
	unwatched   int32 = iota
	waiting           // for the operation to be a long one
	registering       // the timer's callback is at it
	registered        // with the context
	left              // End has been called
)

// short operations are never registered with their context: whether it was
// cancelled is looked up when they end. What is longer is registered after this
// time, by a timer, which costs less.
const short = 2 * time.Millisecond

// hook is what the runtime calls back. It belongs to one Watched at a time and
// goes back only when all callbacks have been taken off for certain.
type hook struct {
	watched   *Watched
	source    context.Context
	timer     *time.Timer
	fire      func()
	cancelled func()
}

var hooks = sync.Pool{New: func() any {
	h := new(hook)
	h.fire = func() { h.watched.fire() }
	h.cancelled = func() { h.watched.cancelled() }
	h.timer = time.AfterFunc(time.Hour, h.fire)
	h.timer.Stop() // it is there before it fires
	return h
}}

// Watch begins an operation. Its end must be said by End. A context that is
// cancelled already, or that cannot be cancelled, is not watched. For a
// protocol that this package knows nothing of; the middleware and the modules
// for gRPC and SQL are built on it.
func (t *Tracer) Watch(ctx context.Context, op Operation) *Watched {
	if ctx == nil {
		ctx = context.Background()
	}
	w := &Watched{Context: ctx, tracer: t, op: op, start: time.Now()}
	if t != nil && ctx.Done() != nil {
		w.watch(ctx, time.Time{})
	}
	return w
}

// watch waits for the end of source, and for the deadline where source has not
// got it; zero where it has.
func (w *Watched) watch(source context.Context, deadline time.Time) {
	if w.Err() != nil {
		return
	}
	if above, _ := w.Context.Value(watchedKey{}).(*Watched); above != nil {
		w.detached = above.Err() != nil
	}
	if w.tracer.Annotate != nil {
		w.settled = make(chan struct{})
	}
	h := hooks.Get().(*hook)
	h.watched, h.source = w, source
	w.hook, w.timed = h, !deadline.IsZero()
	w.phase.Store(waiting)
	after := short
	if w.timed {
		after = min(after, deadline.Sub(w.start))
	}
	h.timer.Reset(after)
}

// fire is called after a short time, and at the deadline.
func (w *Watched) fire() {
	if !w.phase.CompareAndSwap(waiting, registering) {
		w.cancelled()
		return
	}
	h := w.hook
	w.stop = context.AfterFunc(h.source, h.cancelled)
	if w.timed {
		at, _ := w.Deadline()
		h.timer.Reset(time.Until(at))
	}
	if !w.phase.CompareAndSwap(registering, registered) {
		w.stop()
		h.timer.Stop()
	}
}

// letGo takes the callbacks off; what is called back from now on does nothing.
// It reports whether it was the first to do so, and whether the context was
// never cancelled.
func (w *Watched) letGo() (first, whole bool) {
	if w.phase.Load() == unwatched {
		return false, false
	}
	h, off, passed := w.hook, false, false
	switch w.phase.Swap(left) {
	case left:
		return false, false
	case waiting:
		off = h.timer.Stop()
	case registered:
		off = w.stop()
		if w.timed {
			off = h.timer.Stop() && off
		}
		passed = !off
	}
	if !off && !passed && w.timed {
		at, _ := w.Deadline()
		passed = !time.Now().Before(at)
	}
	if off {
		w.hook = nil
		h.watched, h.source = nil, nil
		hooks.Put(h)
	}
	// A deadline's own timer may have fired where the one here has not.
	return true, !passed && w.Err() == nil
}

// End lets go of the context: what happens to it from now on is of no
// interest. It returns at once, unless the context has been cancelled and
// Annotate is still at work; then it waits for at most 10 ms. Calls after the
// first do nothing.
func (w *Watched) End() {
	if w == nil {
		return
	}
	first, whole := w.letGo()
	if !first {
		return
	}
	if whole {
		w.ended.Store(true)
		return
	}
	w.tell()
	if w.settled == nil {
		return
	}
	patience := time.NewTimer(10 * time.Millisecond)
	defer patience.Stop()
	select {
	case <-w.settled:
	case <-patience.C:
	}
}

// tell reports a cancel that the callback may not have seen yet, or has not got
// far enough with. The cause is worked out here, while the contexts above still
// are as they were.
func (w *Watched) tell() {
	w.judge()
	if w.claim() {
		w.hand(0, "")
	}
}

// Start begins a named piece of work under a context of its own. The function
// ends it: with nil the work is done and nothing is reported; with an error
// it is cancelled, and the event tells the error and how deep the caller's
// stack was. name must be of few values. It is the way to see deadlines and
// cancels that a handler sets for a part of its work.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, context.CancelCauseFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	own, cancel := context.WithCancelCause(ctx)
	if t == nil {
		return own, cancel
	}
	w := &Watched{Context: own, tracer: t, op: Operation{Kind: Work, Handler: name}, start: time.Now()}
	w.watch(own, time.Time{})
	if w.phase.Load() == unwatched {
		return w, cancel
	}
	return w, func(cause error) {
		if cause == nil {
			w.End()
			cancel(nil)
			return
		}
		// Only who takes the watch off has cancelled: the deadline or a parent
		// may have been first.
		if first, whole := w.letGo(); !whole {
			if first {
				w.tell()
			}
			cancel(cause)
			return
		}
		w.verdict = &verdict{time.Now(), Explicit, BasisCancelled, cause}
		cancel(cause)
		if w.claim() {
			w.hand(callerDepth(), Canceller)
		}
	}
}

// callerDepth counts the frames below the cancel function, at most 256.
func callerDepth() int {
	var pcs [256]uintptr
	return runtime.Callers(3, pcs[:])
}

// cancelled runs in a goroutine of its own when the context has ended before
// the operation.
func (w *Watched) cancelled() {
	if w.phase.Load() == left {
		return
	}
	w.judge()
	if !w.claim() {
		return
	}
	if depth, ok := w.handlerDepth(); ok {
		w.finish(depth, Handler)
		return
	}
	w.finish(0, "")
}

// claim makes one of those who saw the cancel report it.
func (w *Watched) claim() bool {
	if !w.reported.CompareAndSwap(false, true) {
		return false
	}
	w.tracer.count(w.verdict.cause)
	return true
}

// hand reports from a goroutine that belongs to the service: functions of
// others are called elsewhere.
func (w *Watched) hand(depth int, of StackOf) {
	if w.tracer.Trace == nil && w.settled == nil {
		w.finish(depth, of)
		return
	}
	go w.finish(depth, of)
}

func (w *Watched) finish(depth int, of StackOf) {
	e := w.event()
	e.StackDepth, e.StackOf = depth, of
	w.tracer.report(w.Context, e)
	if w.settled != nil {
		w.tracer.annotate(w.Context, e)
		close(w.settled)
	}
}

// verdict is why a context was cancelled.
type verdict struct {
	at    time.Time
	cause Cause
	basis Basis
	given error // to a cancel function; nil if there was none
}

// judge works out the verdict, once. It calls nothing that belongs to others,
// as End waits for it.
func (w *Watched) judge() {
	w.judged.Do(func() {
		// A parent cancels its children one by one: the callback may come before
		// the context itself has been.
		<-w.Done()
		now := time.Now()
		cause, basis, given := w.classify(now)
		w.verdict = &verdict{now, cause, basis, given}
	})
}

func (w *Watched) event() Event {
	v := w.verdict
	e := Event{
		CancelAt: v.at,
		Cause:    v.cause,
		Basis:    v.basis,
		Elapsed:  v.at.Sub(w.start),
		Handler:  w.op.Handler,
		Kind:     w.op.Kind,
		Protocol: w.op.Protocol,
	}
	if v.given != nil {
		e.Reason = w.text(v.given)
	}
	e.Deadline, _ = w.Deadline()
	traceparent := w.op.Traceparent
	if above, _ := w.above(); traceparent == "" && above != nil {
		traceparent = above.op.Traceparent
	}
	e.TraceID, e.SpanID = w.tracer.ids(w.Context, traceparent)
	if e.Handler == "" && w.route != nil {
		w.tracer.protect(func() { e.Handler = w.route.pattern() })
	}
	return e
}

// above is the watched operation around this one, nil if there is none.
// context.WithoutCancel keeps the value but not the bond: a deadline that
// became later, or an operation above that had ended before, gives it away.
func (w *Watched) above() (_ *Watched, bound bool) {
	above, _ := w.Context.Value(watchedKey{}).(*Watched)
	if above == nil || w.detached {
		return above, false
	}
	if latest, ok := above.Deadline(); ok {
		own, has := w.Deadline()
		return above, has && !own.After(latest)
	}
	return above, true
}

// classify never guesses: each answer names what it rests on.
func (w *Watched) classify(now time.Time) (_ Cause, _ Basis, given error) {
	above, bound := w.above()
	if !bound {
		above = nil
	}
	err := w.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		if above != nil && sameDeadline(above, w) {
			return Timeout, BasisParentDeadline, nil
		}
		return Timeout, BasisDeadline, nil
	}
	if !errors.Is(err, context.Canceled) {
		return Unknown, BasisForeign, err
	}
	// The cause is never used to tell a timeout: a context made with
	// context.WithTimeoutCause does not have DeadlineExceeded for its cause.
	if given = context.Cause(w.Context); given == context.Canceled {
		given = nil
	}
	switch {
	case above != nil && w.endedWith(above) && above.ended.Load():
		return Parent, BasisParentEnded, given
	case above != nil && w.endedWith(above):
		return Parent, BasisParentCancelled, given
	case w.op.Received && given != nil:
		// Servers give no cause, so code of this process did.
		return Parent, BasisCauseGiven, given
	case w.op.Received:
		cause, basis := w.classifyReceived(now)
		return cause, basis, nil
	case above != nil:
		return Explicit, BasisBelowParent, given
	case given != nil:
		return Explicit, BasisCauseGiven, given
	}
	return Unknown, BasisUntraced, nil
}

// endedWith reports whether the end came down from above: a parent hands its
// own error and cause to its children. The operation above may also have ended
// after this one's context, and before anybody looked.
func (w *Watched) endedWith(above *Watched) bool {
	err := above.Err()
	return err != nil && same(err, w.Err()) && same(context.Cause(above.Context), context.Cause(w.Context))
}

// same compares errors; those that cannot be compared are taken to be equal.
func same(a, b error) bool {
	return !reflect.ValueOf(a).Comparable() || !reflect.ValueOf(b).Comparable() || a == b
}

func sameDeadline(a, b context.Context) bool {
	x, ok := a.Deadline()
	y, ok2 := b.Deadline()
	return ok && ok2 && x.Equal(y)
}

// classifyReceived is for a context that a server made: it was cancelled, and
// neither a deadline, nor a traced operation above, nor a cause explains it.
func (w *Watched) classifyReceived(now time.Time) (Cause, Basis) {
	c := connOf(w.Context)
	if c != nil {
		if c.base.Err() != nil {
			return Parent, BasisBaseContext
		}
		if c.state.closedByServer() {
			return Parent, BasisServerClosed
		}
		if basis := c.state.timedOut(); basis != "" {
			return Timeout, basis
		}
	}
	// A peer that gave this process its deadline gives up at the same time. How
	// far apart the two clocks fire is the time on the wire.
	const apart = 10 * time.Millisecond
	if at, ok := w.Deadline(); ok && now.Add(apart).After(at) {
		return Timeout, BasisAtDeadline
	}
	if c == nil {
		return Unknown, BasisServerContext
	}
	if basis := c.state.lost(); basis != "" {
		return ClientGone, basis
	}
	one := strings.HasPrefix(w.op.Protocol, "HTTP/1.")
	switch {
	case one && !c.tls:
		return Parent, BasisContextAbove
	case one || c.state.closed.Load() != 0:
		return ClientGone, BasisConnectionClosed
	}
	if srv, _ := w.Context.Value(http.ServerContextKey).(*http.Server); srv != nil &&
		srv.WriteTimeout > 0 && now.Sub(w.start)+apart > srv.WriteTimeout {
		return Unknown, BasisWriteTimeout
	}
	return ClientGone, BasisStreamReset
}

// text bounds what comes from elsewhere; an Error method that panics must not
// end the process.
func (w *Watched) text(err error) (s string) {
	const limit = 256
	s = "error without a text"
	w.tracer.protect(func() { s = err.Error() })
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
