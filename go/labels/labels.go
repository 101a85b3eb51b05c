// Package labels puts the service and the endpoint that goroutines work for onto the goroutines, where dumps,
// profiles and goherd read them, and counts what went through.
//
// A label set is made once for each service and endpoint and kept in a [Table]; putting it on a goroutine costs
// one pointer and no allocation (BenchmarkApply). The net/http middleware of [HTTP] costs two allocations a
// request (BenchmarkHTTP). The id of a trace is another matter: each distinct label set is a record of its own
// in every goroutine profile, so the id is put only on requests that are sampled or slow, and on a bounded
// number at a time.
//
// Goroutines inherit the labels of the goroutine that starts them, for as long as they live. That is what makes
// a leak point to its endpoint; it also means that a connection kept alive by an http.Transport wears the labels
// of the request that dialled it.
//
// The number of label sets is bounded; what is over wears the label "other".
package labels

import (
	"context"
	"runtime/pprof"
	"sync/atomic"
)

// Keys of the labels on goroutines. Runner and Task are put by package runner.
const (
	Service  = "service"
	Endpoint = "endpoint"
	TraceID  = "traceID"
	Runner   = "runner"
	Task     = "task"
)

// Other is the value of labels for which a table has no room.
const Other = "other"

// MaxValue is the longest value of a label, in bytes. Longer ones are cut.
const MaxValue = 128

// Set is the labels of one endpoint or of one task of a runner, and the count of what ran under them. All
// methods may be called at the same time from many goroutines, and on a nil Set, which has no labels and counts
// nothing.
type Set struct {
	id     id
	labels context.Context

	started, ended, cancelled, failed, panicked atomic.Int64
}

// Outcome is how a piece of work ended.
type Outcome int

// Outcomes: done without an error, ended by its context, ended with another error, ended by a panic or
// runtime.Goexit. A request of [HTTP] is never Failed, because its error is not seen.
const (
	Done Outcome = iota
	Cancelled
	Failed
	Panicked
)

// Counts is what happened under a label set since it was made. Started - Ended is what still runs.
type Counts struct{ Started, Ended, Cancelled, Failed, Panicked int64 }

// Live is how many still run.
func (c Counts) Live() int64 { return c.Started - c.Ended }

// Do runs f with the labels of the set on this goroutine, and on those that f starts. ctx is passed to f with
// the labels, so that pprof.Do below adds to them; when f returns or panics, the labels of ctx are put back.
func (s *Set) Do(ctx context.Context, f func(context.Context)) {
	inner := s.Context(ctx)
	s.Begin()
	outcome := Panicked
	defer func() {
		pprof.SetGoroutineLabels(ctx)
		s.End(outcome)
	}()
	pprof.SetGoroutineLabels(inner)
	f(inner)
	outcome = outcomeOf(ctx)
}

func outcomeOf(ctx context.Context) Outcome {
	if ctx.Err() != nil {
		return Cancelled
	}
	return Done
}

// Apply puts the labels of the set on this goroutine and replaces those it had. There is no way to read the
// labels that a goroutine has: put those of an outer context back by pprof.SetGoroutineLabels, or use Do.
func (s *Set) Apply() {
	if s != nil {
		pprof.SetGoroutineLabels(s.labels)
	}
}

// Context is ctx with the labels of the set, beside those that ctx has.
func (s *Set) Context(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	if labelled(ctx) {
		return pprof.WithLabels(ctx, pprof.Labels(s.id.pairs()...))
	}
	return &overlay{Context: ctx, labels: s.labels}
}

// Begin counts one more that runs under the set.
func (s *Set) Begin() {
	if s != nil {
		s.started.Add(1)
	}
}

// End counts one that ended.
func (s *Set) End(o Outcome) {
	if s == nil {
		return
	}
	switch o {
	case Cancelled:
		s.cancelled.Add(1)
	case Failed:
		s.failed.Add(1)
	case Panicked:
		s.panicked.Add(1)
	}
	s.ended.Add(1)
}

// Counts reads the counters. Ended is read before Started, so that Live is never negative.
func (s *Set) Counts() Counts {
	if s == nil {
		return Counts{}
	}
	c := Counts{Ended: s.ended.Load(), Cancelled: s.cancelled.Load(), Failed: s.failed.Load(), Panicked: s.panicked.Load()}
	c.Started = s.started.Load()
	return c
}

// Endpoint is the service and endpoint of the set; ok is false for the set of a task.
func (s *Set) Endpoint() (service, endpoint string, ok bool) {
	if s == nil || s.id.task {
		return "", "", false
	}
	return s.id.outer, s.id.inner, true
}

// Task is the runner and task of the set; ok is false for the set of an endpoint.
func (s *Set) Task() (runner, task string, ok bool) {
	if s == nil || !s.id.task {
		return "", "", false
	}
	return s.id.outer, s.id.inner, true
}

// overlay is a context with the labels of another one. It spares the merging of label sets and the allocations
// of pprof.WithLabels.
type overlay struct {
	context.Context
	labels context.Context
}

// Value answers from the labels first; they hold nothing else.
func (o *overlay) Value(key any) any {
	if v := o.labels.Value(key); v != nil {
		return v
	}
	return o.Context.Value(key)
}

func labelled(ctx context.Context) bool {
	found := false
	pprof.ForLabels(ctx, func(string, string) bool {
		found = true
		return false
	})
	return found
}

// id names a set: service and endpoint, or runner and task.
type id struct {
	outer, inner string
	task         bool
}

// pairs are the labels as pprof.Labels takes them, in order of their keys, which spares it the sorting. Empty
// values are left out.
func (i id) pairs() []string { return i.appendTo(nil) }

func (i id) appendTo(kv []string) []string {
	first, second := [2]string{Endpoint, i.inner}, [2]string{Service, i.outer}
	if i.task {
		first, second = [2]string{Runner, i.outer}, [2]string{Task, i.inner}
	}
	if first[1] != "" {
		kv = append(kv, first[:]...)
	}
	if second[1] != "" {
		kv = append(kv, second[:]...)
	}
	return kv
}

// cut shortens a value to MaxValue bytes.
func cut(v string) string {
	if len(v) > MaxValue {
		return v[:MaxValue]
	}
	return v
}
