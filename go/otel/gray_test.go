// Through the real SDK: who is gray, and what is kept of 100,000 spans.

package herdotel_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	herdotel "github.com/goherd/goherd/go/otel"
)

// seeded makes the same trace ids in every run, whatever spans are made between.
type seeded struct {
	mu            sync.Mutex
	traces, spans *rand.Rand
}

func newSeeded(seed uint64) *seeded {
	return &seeded{traces: rand.New(rand.NewPCG(seed, 7)), spans: rand.New(rand.NewPCG(seed, 8))}
}

func (s *seeded) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	s.mu.Lock()
	binary.BigEndian.PutUint64(id[:8], s.traces.Uint64())
	binary.BigEndian.PutUint64(id[8:], s.traces.Uint64()|1)
	s.mu.Unlock()
	return id, s.NewSpanID(ctx, id)
}

func (s *seeded) NewSpanID(context.Context, trace.TraceID) (span trace.SpanID) {
	s.mu.Lock()
	binary.BigEndian.PutUint64(span[:], s.spans.Uint64()|1)
	s.mu.Unlock()
	return span
}

// setup returns a tracer whose gray spans go through a Tail into memory.
func setup(t testing.TB, opt herdotel.TailOptions) (trace.Tracer, *herdotel.Tail, *tracetest.InMemoryExporter) {
	memory := tracetest.NewInMemoryExporter()
	tail := herdotel.NewTail(sdktrace.NewSimpleSpanProcessor(memory), opt)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail),
		sdktrace.WithSampler(herdotel.GraySampler(nil)), sdktrace.WithIDGenerator(newSeeded(1)))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return provider.Tracer("test"), tail, memory
}

func withEnv(t testing.TB, value string) context.Context {
	m, err := baggage.NewMember(herdotel.GrayMember, value)
	if err != nil {
		t.Fatal(err)
	}
	b, err := baggage.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return baggage.ContextWithBaggage(context.Background(), b)
}

func gray(t testing.TB) context.Context { return herdotel.MarkGray(withEnv(t, "gray"), true) }

var errFault = errors.New("fault")

func TestTailOver100000Spans(t *testing.T) {
	tracer, tail, memory := setup(t, herdotel.TailOptions{})
	probe := herdotel.NewProbe(tracer)
	base := gray(t)
	const traces, workers = 20000, 8 // of 5 spans each
	var failures, failedTraces atomic.Int64
	var done sync.WaitGroup
	for w := range workers {
		done.Add(1)
		go func() {
			defer done.Done()
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for range traces / workers {
				// request → two goroutines, one of which starts two more and ends before them
				faults := [5]bool{}
				bad := false
				for i := range faults {
					if faults[i] = r.IntN(100) == 0; faults[i] {
						failures.Add(1)
						bad = true
					}
				}
				if bad {
					failedTraces.Add(1)
				}
				result := func(i int) error {
					if faults[i] {
						return errFault
					}
					return nil
				}
				var all sync.WaitGroup
				all.Add(4)
				name := "ok"
				if bad {
					name = "bad"
				}
				_ = probe.Do(base, "request "+name, func(ctx context.Context) error {
					probe.Go(ctx, "left", func(context.Context) error { defer all.Done(); return result(1) })
					probe.Go(ctx, "right", func(ctx context.Context) error {
						defer all.Done()
						for i := range 2 {
							probe.Go(ctx, "leaf", func(context.Context) error { defer all.Done(); return result(3 + i) })
						}
						return result(2)
					})
					return result(0)
				})
				all.Wait()
			}
		}()
	}
	done.Wait()
	const spans = 5 * traces
	waitUntil(t, func() bool {
		c := tail.Counts()
		return c.Errors+c.Parents+c.Sampled+c.Dropped == spans
	})
	got := memory.GetSpans()
	kept := map[trace.SpanID]bool{}
	for _, s := range got {
		if kept[s.SpanContext.SpanID()] {
			t.Fatal("a span was exported twice")
		}
		kept[s.SpanContext.SpanID()] = true
	}
	var failed int64
	healthy := 0
	for _, s := range got {
		if s.Status.Code == codes.Error {
			failed++
		}
		if s.Parent.IsValid() && !kept[s.Parent.SpanID()] {
			t.Errorf("orphan: %s of trace %s", s.Name, s.SpanContext.TraceID())
		}
		if s.Name == "request ok" {
			healthy++
		}
	}
	if failed != failures.Load() {
		t.Errorf("%d spans of errors of %d", failed, failures.Load())
	}
	ok := traces - int(failedTraces.Load())
	share := 100 * float64(healthy) / float64(ok)
	if share < 4.5 || share > 5.5 {
		t.Errorf("%d of %d requests without error kept: %.2f %%, want 5 ± 0.5", healthy, ok, share)
	}
	c := tail.Counts()
	if c.Orphans != 0 || c.Overflow != 0 || c.Errors != failed {
		t.Errorf("counts %+v", c)
	}
	t.Logf("%d spans: %d errors of %d, %.2f %% of requests without error, %+v", spans, failed, failures.Load(), share, c)
}

func waitUntil(t testing.TB, cond func() bool) {
	t.Helper()
	if !waitFor(cond) {
		t.Fatal("never came true")
	}
}

func waitFor(cond func() bool) bool {
	for guard := time.Now().Add(time.Minute); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(guard) {
			return false
		}
	}
	return true
}

// incoming is the context of a request with baggage env=gray.
func incoming() context.Context {
	m, err := baggage.NewMember(herdotel.GrayMember, "gray")
	if err != nil {
		panic(err)
	}
	b, err := baggage.New(m)
	if err != nil {
		panic(err)
	}
	return baggage.ContextWithBaggage(context.Background(), b)
}

// Spans without children: the shares are those of spans.
func TestTailOver100000FlatSpans(t *testing.T) {
	tracer, tail, memory := setup(t, herdotel.TailOptions{})
	ctx := gray(t)
	for i := range 100000 {
		_, s := tracer.Start(ctx, "flat")
		if i%100 == 0 {
			s.SetStatus(codes.Error, "fault")
		}
		s.End()
	}
	failed, ok := 0, 0
	for _, s := range memory.GetSpans() {
		if s.Status.Code == codes.Error {
			failed++
		} else {
			ok++
		}
	}
	share := 100 * float64(ok) / 99000
	if failed != 1000 || share < 4.5 || share > 5.5 || tail.Counts().Orphans != 0 {
		t.Errorf("%d of 1000 errors, %.2f %% of successes, %+v", failed, share, tail.Counts())
	}
	t.Logf("%d of 1000 errors, %.2f %% of successes", failed, share)
}

// Two processes keep the same traces, whoever they are.
func TestTailAgrees(t *testing.T) {
	names := map[string]int{}
	for range 2 {
		tracer, _, memory := setup(t, herdotel.TailOptions{Share: 0.3}) // the same ids in both
		ctx := gray(t)
		for range 1000 {
			_, s := tracer.Start(ctx, "x")
			s.End()
		}
		for _, s := range memory.GetSpans() {
			names[s.SpanContext.TraceID().String()]++
		}
	}
	if len(names) < 200 || len(names) > 400 {
		t.Errorf("%d traces of 1000 kept, want about 300", len(names))
	}
	for id, n := range names {
		if n != 2 {
			t.Errorf("trace %s was kept by one only", id)
		}
	}
}

// Shares at the ends.
func TestTailShares(t *testing.T) {
	for share, want := range map[float64]int{-1: 1, 1: 100, 2: 100} {
		tracer, _, memory := setup(t, herdotel.TailOptions{Share: share})
		ctx := gray(t)
		for i := range 100 {
			_, s := tracer.Start(ctx, "x")
			if i == 50 {
				s.SetStatus(codes.Error, "")
			}
			s.End()
		}
		if n := len(memory.GetSpans()); n != want {
			t.Errorf("share %v: %d kept, want %d", share, n, want)
		}
	}
}

// A parent that ended long before its child failed is kept, and one whose
// children did not fail is dropped.
func TestTailParentEndedFirst(t *testing.T) {
	tracer, tail, memory := setup(t, herdotel.TailOptions{Share: -1})
	ctx, root := tracer.Start(gray(t), "root")
	midCtx, mid := tracer.Start(ctx, "mid")
	_, leaf := tracer.Start(midCtx, "leaf")
	_, sibling := tracer.Start(midCtx, "sibling")
	mid.End()
	root.End()
	sibling.End()
	if n := len(memory.GetSpans()); n != 0 {
		t.Fatalf("%d exported before anything failed", n)
	}
	leaf.SetStatus(codes.Error, "late")
	leaf.End()
	if got := names(memory); got != "root mid leaf" && got != "mid root leaf" {
		t.Errorf("exported %q, want root, mid and leaf", got)
	}
	want := herdotel.TailCounts{Errors: 1, Parents: 2, Dropped: 1}
	if c := tail.Counts(); c != want {
		t.Errorf("counts %+v, want %+v", c, want)
	}
	if n := tail.Following(); n != 0 {
		t.Errorf("%d spans still followed", n)
	}
}

func names(m *tracetest.InMemoryExporter) string {
	var out []string
	for _, s := range m.GetSpans() {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

// Each limit drops what it must, keeps errors, and says how often.
func TestTailLimits(t *testing.T) {
	for name, c := range map[string]struct {
		opt  herdotel.TailOptions
		want herdotel.TailCounts
	}{
		"spans": {herdotel.TailOptions{Share: -1, MaxSpans: 1}, herdotel.TailCounts{Errors: 1, Parents: 1, Overflow: 1}},
		"bytes": {herdotel.TailOptions{Share: -1, MaxBytes: 1}, herdotel.TailCounts{Errors: 1, Dropped: 1, Overflow: 1, Orphans: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			tracer, tail, memory := setup(t, c.opt)
			ctx, root := tracer.Start(gray(t), "root")
			_, leaf := tracer.Start(ctx, "leaf")
			if name == "bytes" {
				root.End()
			}
			leaf.SetStatus(codes.Error, "")
			leaf.End()
			root.End()
			if got := tail.Counts(); got != c.want || tail.Following() != 0 {
				t.Errorf("counts %+v, want %+v; %d followed; exported %s", got, c.want, tail.Following(), names(memory))
			}
		})
	}
	t.Run("age", func(t *testing.T) {
		tracer, tail, _ := setup(t, herdotel.TailOptions{Share: -1, MaxAge: time.Minute})
		long := time.Now().Add(-time.Hour)
		for range 100 {
			tracer.Start(gray(t), "never ended", trace.WithTimestamp(long))
		}
		for range 1000 { // enough for each shard to be looked at
			_, s := tracer.Start(gray(t), "new")
			s.End()
		}
		if n := tail.Following(); n != 0 || tail.Counts().Overflow != 100 {
			t.Errorf("%d spans still followed, %+v", n, tail.Counts())
		}
	})
}

func TestTailFailedAndNil(t *testing.T) {
	tracer, tail, memory := setup(t, herdotel.TailOptions{Share: -1, Failed: func(s sdktrace.ReadOnlySpan) bool {
		if s.Name() == "panic" {
			panic("judge")
		}
		return s.Name() == "slow"
	}})
	for _, name := range []string{"fast", "slow", "panic"} {
		_, s := tracer.Start(gray(t), name)
		s.End()
	}
	if got := names(memory); got != "slow" {
		t.Errorf("exported %q, want slow; %+v", got, tail.Counts())
	}
	nothing := herdotel.NewTail(nil, herdotel.TailOptions{})
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nothing))
	_, s := provider.Tracer("").Start(gray(t), "x")
	s.End()
	if err := errors.Join(provider.ForceFlush(t.Context()), provider.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
}

// What is not gray goes by, whatever its state.
func TestTailPassesOthers(t *testing.T) {
	memory := tracetest.NewInMemoryExporter()
	tail := herdotel.NewTail(sdktrace.NewSimpleSpanProcessor(memory), herdotel.TailOptions{Share: -1})
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(tail),
		sdktrace.WithSampler(herdotel.GraySampler(sdktrace.AlwaysSample())))
	for range 10 {
		_, s := provider.Tracer("").Start(context.Background(), "usual")
		s.End()
	}
	if n := len(memory.GetSpans()); n != 10 || tail.Counts().Passed != 10 {
		t.Errorf("%d exported, %+v", n, tail.Counts())
	}
}

// Baggage alone makes nothing gray, and what was not trusted is not sent on.
func TestTrust(t *testing.T) {
	for name, c := range map[string]struct {
		ctx     context.Context
		trusted bool
		gray    bool
		left    string
	}{
		"trusted":        {withEnv(t, "gray"), true, true, "gray"},
		"untrusted":      {withEnv(t, "gray"), false, false, ""},
		"another env":    {withEnv(t, "prod"), true, false, "prod"},
		"no baggage":     {context.Background(), true, false, ""},
		"below a gray":   {baggage.ContextWithoutBaggage(gray(t)), true, false, ""},
		"untrusted gray": {gray(t), false, false, ""},
	} {
		ctx := herdotel.MarkGray(c.ctx, c.trusted)
		if got := herdotel.IsGray(ctx); got != c.gray || baggage.FromContext(ctx).Member("env").Value() != c.left {
			t.Errorf("%s: gray %v, baggage %q", name, got, baggage.FromContext(ctx))
		}
	}
	if herdotel.IsGray(withEnv(t, "gray")) {
		t.Error("unmarked baggage is gray")
	}
}

func TestGrayHTTP(t *testing.T) {
	byHeader := func(r *http.Request) bool {
		if r.Header.Get("X-Panic") != "" {
			panic("judge")
		}
		return r.TLS == nil && r.Header.Get("X-Peer") == "mesh"
	}
	for name, c := range map[string]struct {
		trusted func(*http.Request) bool
		header  string
		want    bool
	}{
		"trusted": {byHeader, "X-Peer", true}, "stranger": {byHeader, "X-Other", false}, "panics": {byHeader, "X-Panic", false}, "nobody judges": {nil, "X-Peer", false},
	} {
		called := false
		h := herdotel.GrayHTTP(c.trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			called = true
			if got := herdotel.IsGray(r.Context()); got != c.want {
				t.Errorf("%s: gray %v", name, got)
			}
		}))
		r := httptest.NewRequestWithContext(withEnv(t, "gray"), http.MethodGet, "/", nil)
		r.Header.Set(c.header, "mesh")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if !called {
			t.Errorf("%s: not served", name)
		}
	}
}

// Spans are made in gray contexts only, errors and panics are errors.
func TestProbe(t *testing.T) {
	tracer, _, memory := setup(t, herdotel.TailOptions{Share: -1})
	probe := herdotel.NewProbe(tracer)
	done := make(chan struct{})
	for _, p := range []*herdotel.Probe{nil, herdotel.NewProbe(nil), probe} {
		p.Go(context.Background(), "not gray", func(context.Context) error { done <- struct{}{}; return errFault })
		<-done
		if err := p.Do(context.Background(), "not gray", func(context.Context) error { return errFault }); err != errFault {
			t.Error(err)
		}
	}
	if n := len(memory.GetSpans()); n != 0 {
		t.Fatalf("%d spans outside of gray", n)
	}
	if err := probe.Do(gray(t), "error", func(context.Context) error { return errFault }); err != errFault {
		t.Error(err)
	}
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("recovered %v: the panic must go on", v)
			}
		}()
		_ = probe.Do(gray(t), "panic", func(context.Context) error { panic("boom") })
	}()
	if got := names(memory); got != "error panic" {
		t.Errorf("exported %q, want error and panic", got)
	}
}

// What a gray span costs beside one that is not recorded, one head-sampled, and
// one that is always exported.
func BenchmarkGray(b *testing.B) {
	run := func(b *testing.B, sampler sdktrace.Sampler, processor sdktrace.SpanProcessor, ctx context.Context) {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(processor))
		defer func() { _ = provider.Shutdown(context.Background()) }()
		tracer := provider.Tracer("bench")
		b.ReportAllocs()
		for b.Loop() {
			_, s := tracer.Start(ctx, "x")
			s.End()
		}
	}
	batch := func() sdktrace.SpanProcessor { return sdktrace.NewBatchSpanProcessor(tracetest.NewNoopExporter()) }
	b.Run("never", func(b *testing.B) { run(b, sdktrace.NeverSample(), batch(), context.Background()) })
	b.Run("head5", func(b *testing.B) { run(b, sdktrace.TraceIDRatioBased(0.05), batch(), context.Background()) })
	b.Run("always", func(b *testing.B) { run(b, sdktrace.AlwaysSample(), batch(), context.Background()) })
	b.Run("not gray", func(b *testing.B) {
		run(b, herdotel.GraySampler(nil), herdotel.NewTail(batch(), herdotel.TailOptions{}), context.Background())
	})
	b.Run("gray", func(b *testing.B) {
		run(b, herdotel.GraySampler(nil), herdotel.NewTail(batch(), herdotel.TailOptions{}), gray(b))
	})
}

// BenchmarkGrayOff is what the middleware adds to a request that is not gray.
func BenchmarkGrayOff(b *testing.B) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range []struct {
		name string
		h    http.Handler
	}{{"bare", nothing}, {"gray", herdotel.GrayHTTP(nil, nothing)}} {
		b.Run("chain="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.h.ServeHTTP(nil, r)
			}
		})
	}
}
