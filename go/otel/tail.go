// The tail decision: which ended spans of the gray probe are exported.

package herdotel

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TailOptions are the shares and limits of a [Tail]. The zero value keeps all
// errors and 5 % of the traces.
type TailOptions struct {
	// Share of traces that are kept whole, 0 to 1, by a hash of the trace id:
	// every process that uses the same share keeps the same ones. 0.05 when 0,
	// none when less.
	Share float64
	// MaxSpans followed at a time: those that run, and ended parents whose
	// children run. 65,536 when 0 or less.
	MaxSpans int
	// MaxAge of a span that is followed, since its start; 10 minutes when 0 or less.
	MaxAge time.Duration
	// MaxBytes of ended parents whose children run, estimated by their number of
	// attributes, events and links; 16 MiB when 0 or less.
	MaxBytes int64
	// Failed says which spans are errors besides those of status Error. It is
	// called at the end of a span, which waits for it; its panic counts as no.
	Failed func(sdktrace.ReadOnlySpan) bool
}

// TailCounts is what a Tail has done.
type TailCounts struct {
	Errors   int64 // spans of errors, all kept
	Parents  int64 // spans kept as ancestors of an error
	Sampled  int64 // spans of traces kept by their id
	Dropped  int64
	Passed   int64 // spans that are not gray and went by
	Overflow int64 // spans not followed, or forgotten, for one of the limits
	Orphans  int64 // kept spans of errors whose parent in this process was not kept, because of a limit
}

// A Tail is a [sdktrace.SpanProcessor] that hands the spans of gray contexts
// that are worth it to the next: every error with its ancestors in this process,
// and whole traces by id. Spans that are not gray go by. Of a trace that is not
// kept by its id, a span is held back only while spans below it run: what costs
// memory is what runs, not what has ended.
//
// It decides for its process alone: where an error is found here, the spans of
// other services in that trace were kept only by id or for errors of their own.
// A span started after its parent has ended, and not by [Probe.Go], can find
// the parent dropped; that counts as an orphan too.
type Tail struct {
	next      sdktrace.SpanProcessor
	opt       TailOptions
	threshold uint64
	all       bool
	shards    [16]tailShard
	followed  atomic.Int64
	bytes     atomic.Int64
	stopped   atomic.Bool

	errors, parents, sampled, dropped, passed, overflow, orphans atomic.Int64
}

// tailShard holds the spans of some traces, oldest first in the list.
type tailShard struct {
	mu            sync.Mutex
	spans         map[spanKey]*node
	first, newest *node
}

type spanKey struct {
	trace trace.TraceID
	span  trace.SpanID
}

// A node is a span that runs, or has ended and waits for those below it.
type node struct {
	key        spanKey
	parent     *node
	running    int // children that run or wait
	needed     bool
	gone       bool // forgotten: over a limit
	ended      sdktrace.ReadOnlySpan
	bytes      int64
	started    time.Time
	prev, next *node
}

var _ sdktrace.SpanProcessor = (*Tail)(nil)

// NewTail returns a Tail in front of next. A nil next drops everything.
func NewTail(next sdktrace.SpanProcessor, opt TailOptions) *Tail {
	if opt.Share == 0 || math.IsNaN(opt.Share) {
		opt.Share = 0.05
	}
	if opt.MaxSpans <= 0 {
		opt.MaxSpans = 1 << 16
	}
	if opt.MaxAge <= 0 {
		opt.MaxAge = 10 * time.Minute
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = 16 << 20
	}
	t := &Tail{next: next, opt: opt, all: opt.Share >= 1}
	if opt.Share > 0 && !t.all {
		t.threshold = uint64(opt.Share * (1 << 63))
	}
	for i := range t.shards {
		t.shards[i].spans = map[spanKey]*node{}
	}
	return t
}

// OnStart follows a gray span from its start, so that its parent is known to
// have it below.
func (t *Tail) OnStart(parent context.Context, s sdktrace.ReadWriteSpan) {
	if t.stopped.Load() {
		return
	}
	if t.next != nil {
		t.next.OnStart(parent, s)
	}
	if parent == nil || !IsGray(parent) || t.keeps(s.SpanContext().TraceID()) {
		return
	}
	t.follow(s)
}

func (t *Tail) follow(s sdktrace.ReadWriteSpan) {
	key, started := keyOf(s.SpanContext()), s.StartTime()
	sh := t.shard(key.trace)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for sh.first != nil && started.Sub(sh.first.started) > t.opt.MaxAge {
		t.forget(sh, sh.first)
		t.overflow.Add(1)
	}
	if t.followed.Load() >= int64(t.opt.MaxSpans) {
		t.overflow.Add(1)
		return
	}
	n := &node{key: key, started: started, prev: sh.newest}
	if p := s.Parent(); p.IsValid() && !p.IsRemote() {
		if n.parent = sh.spans[keyOf(p)]; n.parent != nil {
			n.parent.running++
		}
	}
	if sh.newest != nil {
		sh.newest.next = n
	} else {
		sh.first = n
	}
	sh.newest = n
	sh.spans[key] = n
	t.followed.Add(1)
}

// OnEnd decides, as far as can be: a span that is not kept but has others
// running below it is held back until the last of them has ended.
func (t *Tail) OnEnd(s sdktrace.ReadOnlySpan) {
	if t.next == nil || t.stopped.Load() {
		return
	}
	key, failed := keyOf(s.SpanContext()), t.failed(s)
	sh := t.shard(key.trace)
	sh.mu.Lock()
	n := sh.spans[key]
	if n == nil {
		sh.mu.Unlock()
		if !t.endUnfollowed(s, failed) {
			return
		}
		sh.mu.Lock()
	}
	var out []sdktrace.ReadOnlySpan
	switch {
	case failed:
		t.errors.Add(1)
		out = append(t.need(sh, n, s), s)
	case n.needed:
		t.parents.Add(1)
		out = append(out, s)
	case n.running > 0 && t.hold(n, s):
		sh.mu.Unlock()
		return
	default:
		t.dropped.Add(1)
	}
	if n != nil {
		t.release(sh, n)
	}
	sh.mu.Unlock()
	for _, kept := range out {
		t.next.OnEnd(kept)
	}
}

// endUnfollowed ends a span that is not gray, is kept by its trace's id, or was
// over a limit. It reports whether the span is an error whose ancestors may be
// followed.
func (t *Tail) endUnfollowed(s sdktrace.ReadOnlySpan, failed bool) (more bool) {
	switch {
	case !grayspan(s):
		t.passed.Add(1)
	case t.keeps(s.SpanContext().TraceID()):
		if failed {
			t.errors.Add(1)
		} else {
			t.sampled.Add(1)
		}
	case failed:
		return true
	default:
		t.dropped.Add(1)
		return false
	}
	t.next.OnEnd(s)
	return false
}

// need has all ancestors of a failed span kept: those that run when they end,
// those that were held back now.
func (t *Tail) need(sh *tailShard, n *node, s sdktrace.ReadOnlySpan) (held []sdktrace.ReadOnlySpan) {
	p := s.Parent()
	if !p.IsValid() || p.IsRemote() {
		return nil
	}
	above := sh.spans[keyOf(p)]
	if n != nil && n.parent != nil {
		above = n.parent
	}
	if above == nil || above.gone {
		t.orphans.Add(1)
		return nil
	}
	for ; above != nil && !above.needed; above = above.parent {
		if above.gone {
			t.orphans.Add(1)
			break
		}
		above.needed = true
		if above.ended != nil {
			held = append(held, above.ended)
			t.parents.Add(1)
			t.unhold(above)
		}
	}
	return held
}

// hold keeps an ended span for those below it, if there is room.
func (t *Tail) hold(n *node, s sdktrace.ReadOnlySpan) bool {
	bytes := int64(512 + 96*(len(s.Attributes())+len(s.Events())+len(s.Links())))
	if t.bytes.Add(bytes) > t.opt.MaxBytes {
		t.bytes.Add(-bytes)
		n.gone = true
		t.overflow.Add(1)
		return false
	}
	n.ended, n.bytes = s, bytes
	return true
}

func (t *Tail) unhold(n *node) {
	t.bytes.Add(-n.bytes)
	n.bytes = 0
}

// release takes a decided span off the list, and with it the ended ancestors
// that waited for it alone.
func (t *Tail) release(sh *tailShard, n *node) {
	t.forgetOne(sh, n)
	for p := n.parent; p != nil; p = p.parent {
		p.running--
		if p.ended == nil || p.running > 0 {
			return
		}
		if !p.needed && !p.gone {
			t.dropped.Add(1)
			t.unhold(p)
		}
		t.forgetOne(sh, p)
	}
}

// forget gives up a span that is over a limit. Its place in the tree stays for
// those below that still point to it.
func (t *Tail) forget(sh *tailShard, n *node) {
	if n.ended != nil && !n.needed {
		t.dropped.Add(1)
		t.unhold(n)
	}
	n.gone = true
	t.forgetOne(sh, n)
}

func (t *Tail) forgetOne(sh *tailShard, n *node) {
	if sh.spans[n.key] != n {
		return
	}
	delete(sh.spans, n.key)
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		sh.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		sh.newest = n.prev
	}
	n.prev, n.next = nil, nil
	t.followed.Add(-1)
}

// ForceFlush flushes the next processor. What is held back stays: it is not
// decided.
func (t *Tail) ForceFlush(ctx context.Context) error {
	if t.next == nil {
		return nil
	}
	return t.next.ForceFlush(ctx)
}

// Shutdown drops what is held back and shuts the next processor down.
func (t *Tail) Shutdown(ctx context.Context) error {
	if t.stopped.Swap(true) {
		return nil
	}
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for sh.first != nil {
			t.forget(sh, sh.first)
		}
		sh.mu.Unlock()
	}
	if t.next == nil {
		return nil
	}
	return t.next.Shutdown(ctx)
}

// Counts returns what was done so far.
func (t *Tail) Counts() TailCounts {
	return TailCounts{
		Errors: t.errors.Load(), Parents: t.parents.Load(), Sampled: t.sampled.Load(), Dropped: t.dropped.Load(),
		Passed: t.passed.Load(), Overflow: t.overflow.Load(), Orphans: t.orphans.Load(),
	}
}

// keeps decides by the id alone. The whole id is mixed, since not everybody's
// ids are random in every byte.
func (t *Tail) keeps(id trace.TraceID) bool { return t.all || mix(id)>>1 < t.threshold }

func (t *Tail) shard(id trace.TraceID) *tailShard { return &t.shards[mix(id)%uint64(len(t.shards))] }

func (t *Tail) failed(s sdktrace.ReadOnlySpan) (failed bool) {
	if s.Status().Code == codes.Error {
		return true
	}
	if t.opt.Failed == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			failed = false
		}
	}()
	return t.opt.Failed(s)
}

// mix is the finaliser of splitmix64 over both halves of an id.
func mix(id trace.TraceID) uint64 {
	x := binary.BigEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 + binary.BigEndian.Uint64(id[8:])
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func keyOf(c trace.SpanContext) spanKey { return spanKey{c.TraceID(), c.SpanID()} }

func grayspan(s sdktrace.ReadOnlySpan) bool {
	gray := attribute.String(GrayMember, grayValue)
	for _, a := range s.Attributes() {
		if a == gray {
			return true
		}
	}
	return false
}
