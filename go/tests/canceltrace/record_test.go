// What all protocols share: each run has a trace id of its own, by which its
// events are found; a cause is right when the run has exactly one event of the
// kind asked for, with that cause.
//
// On a busy machine a deadline can pass before the operation has begun, or a
// request can arrive so late that the two sides no longer mean the same
// deadline. Such a run shows nothing, whatever its event says: it is done
// again, with another id. Whether it counts is settled when the operation
// begins, before there is an event.
//
// GOHERD_RUNS (default 40) is the number of runs of each cause,
// GOHERD_REQUESTS (default 1000) that of ordinary requests of each protocol.

package canceltrace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goherd/goherd/go/canceltrace"
)

const (
	hang = 2 * time.Minute // a guard: so long nothing happens on no machine

	// late is how far apart client and server may see a deadline in a run that
	// counts: well below the 10 ms that at_deadline allows.
	late = 5 * time.Millisecond
)

// errNoEvidence is the error of a run that is to be done again.
var errNoEvidence = errors.New("no evidence")

// TestMain waits for the last goroutines as long as a busy machine needs.
func TestMain(m *testing.M) {
	registerStarted()
	code := m.Run()
	for end := time.Now().Add(hang); code == 0; {
		err := goleak.Find()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

type recorder struct {
	width  int // runs at a time
	tracer *canceltrace.Tracer
	more   chan struct{}

	mu     sync.Mutex
	events []canceltrace.Event
	byRun  map[kindOfRun][]canceltrace.Event
	begun  map[string]bool // by traceparent
}

type kindOfRun struct {
	kind    canceltrace.Kind
	traceID string
}

func newRecorder() *recorder {
	r := &recorder{
		width: 8, more: make(chan struct{}, 1),
		byRun: make(map[kindOfRun][]canceltrace.Event), begun: make(map[string]bool),
	}
	r.tracer = &canceltrace.Tracer{QueueLen: 1 << 20, Sinks: []canceltrace.Sink{r.record}}
	return r
}

func (r *recorder) record(_ context.Context, e canceltrace.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	key := kindOfRun{e.Kind, e.TraceID}
	r.byRun[key] = append(r.byRun[key], e)
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *recorder) of(kind canceltrace.Kind, i int) []canceltrace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byRun[kindOfRun{kind, traceID(i)}]
}

func (r *recorder) total(kind canceltrace.Kind) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, events := range r.byRun {
		if key.kind == kind {
			n += len(events)
		}
	}
	return n
}

func traceID(i int) string { return fmt.Sprintf("%032x", i+1) }

func traceparent(i int) string { return "00-" + traceID(i) + "-00f067aa0ba902b7-01" }

// begin is called by what runs below the watch: the run counts if its context
// has not ended by then.
func (r *recorder) begin(ctx context.Context, traceparent string) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun[traceparent] = true
}

// evidence is the error of run i, or errNoEvidence if it has not begun in time.
func (r *recorder) evidence(i int, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun[traceparent(i)] {
		return err
	}
	return fmt.Errorf("%w: the operation did not begin in time (%v)", errNoEvidence, err)
}

// expect does n runs that count, several at a time, and says how many had the
// wrong cause. More than 0.1 % is a failure. It returns the bases seen.
func (r *recorder) expect(t *testing.T, n int, kind canceltrace.Kind, want canceltrace.Cause, run func(i int) error) map[canceltrace.Basis]int {
	t.Helper()
	return r.check(t, kind, want, r.runs(t, n, run))
}

// runs does run until n of them count and returns their numbers. It gives up
// after 25 repeats for each.
func (r *recorder) runs(t *testing.T, n int, run func(i int) error) (counted []int) {
	t.Helper()
	var mu sync.Mutex
	var next, repeats atomic.Int64
	abreast(t, n, r.width, func(int) error {
		for {
			i := int(next.Add(1)) - 1
			err := run(i)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				counted = append(counted, i)
				return nil
			}
			if !errors.Is(err, errNoEvidence) {
				return err
			}
			if k := repeats.Add(1); k > 25*int64(n) {
				return fmt.Errorf("after %d repeats: %w", k, err)
			}
		}
	})
	if k := repeats.Load(); k > 0 {
		t.Logf("%d runs did not begin in time and were repeated", k)
	}
	return counted
}

// check waits for the events of the runs and judges them.
func (r *recorder) check(t *testing.T, kind canceltrace.Kind, want canceltrace.Cause, counted []int) map[canceltrace.Basis]int {
	t.Helper()
	r.await(t, kind, counted)
	wrong, bases := 0, make(map[canceltrace.Basis]int)
	for _, i := range counted {
		events := r.of(kind, i)
		if len(events) != 1 || events[0].Cause != want {
			if wrong++; wrong <= 3 {
				t.Logf("run %d: %d events %+v", i, len(events), events)
			}
			continue
		}
		bases[events[0].Basis]++
	}
	t.Logf("%s: %d of %d right, by %v", want, len(counted)-wrong, len(counted), bases)
	if wrong > len(counted)/1000 {
		t.Errorf("%d of %d wrong", wrong, len(counted))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, events := range r.byRun {
		if key.kind == kind && len(events) > 1 {
			t.Errorf("%d events of one operation: %+v", len(events), events)
		}
	}
	return bases
}

// abreast calls run n times, width at a time.
func abreast(t *testing.T, n, width int, run func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range width {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := run(i); err != nil {
					t.Errorf("run %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// await waits for an event of each run; a missing one is no reason to stop, as
// the caller counts them.
func (r *recorder) await(t *testing.T, kind canceltrace.Kind, counted []int) {
	t.Helper()
	guard := time.NewTimer(hang)
	defer guard.Stop()
	for _, i := range counted {
		for len(r.of(kind, i)) == 0 {
			select {
			case <-r.more:
				guard.Reset(hang)
			case <-guard.C:
				t.Logf("run %d has no event", i)
				return
			}
		}
	}
	r.flush(t)
}

func (r *recorder) flush(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := r.tracer.Flush(ctx); err != nil {
		t.Error(err)
	}
}

// silent fails when anything at all was reported.
func (r *recorder) silent(t *testing.T, requests int) {
	t.Helper()
	r.flush(t)
	if n := r.tracer.Counts(); n != (canceltrace.Counts{}) {
		t.Errorf("%d ordinary requests: %+v", requests, n)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.events[:min(3, len(r.events))] {
			t.Logf("%+v", e)
		}
		return
	}
	t.Logf("%d ordinary requests, no event", requests)
}

// only fails when a basis was seen that is not among those allowed.
func only(t *testing.T, seen map[canceltrace.Basis]int, allowed ...canceltrace.Basis) {
	t.Helper()
	for b, n := range seen {
		if !slices.Contains(allowed, b) {
			t.Errorf("%d rest on %s", n, b)
		}
	}
}
