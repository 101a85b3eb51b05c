// What is reported and what is not, over real servers and goroutines. The
// causes by protocol, in numbers, are in the tests module.

package canceltrace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goherd/goherd/go/canceltrace"
)

const hang = 2 * time.Minute // a guard: nothing here takes so long

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// collect returns a Tracer and the channel of its events.
func collect() (*canceltrace.Tracer, chan canceltrace.Event) {
	events := make(chan canceltrace.Event, 100)
	return &canceltrace.Tracer{Sinks: []canceltrace.Sink{
		func(_ context.Context, e canceltrace.Event) { events <- e },
	}}, events
}

func next(t *testing.T, events chan canceltrace.Event) canceltrace.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(hang):
		t.Fatal("no event")
		return canceltrace.Event{}
	}
}

func flush(t *testing.T, tr *canceltrace.Tracer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := tr.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// serve starts an HTTP/1.1 server whose connections are watched.
func serve(t testing.TB, tr *canceltrace.Tracer, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Listener = tr.Listener(srv.Config, srv.Listener)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func TestClientGone(t *testing.T) {
	tr, events := collect()
	entered := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	srv := serve(t, tr, tr.Middleware(mux))
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /users/7 HTTP/1.1\r\nHost: x\r\ntraceparent: %s\r\n\r\n", parent)
	<-entered
	c.Close()
	e := next(t, events)
	if e.Cause != canceltrace.ClientGone || e.Basis != canceltrace.BasisConnectionEOF {
		t.Errorf("%s by %s", e.Cause, e.Basis)
	}
	if e.Handler != "GET /users/{id}" || e.Kind != canceltrace.HTTPServer || e.Protocol != "HTTP/1.1" {
		t.Errorf("handler %q, kind %q, protocol %q", e.Handler, e.Kind, e.Protocol)
	}
	if e.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" || e.SpanID != "00f067aa0ba902b7" {
		t.Errorf("trace %q span %q", e.TraceID, e.SpanID)
	}
	if e.Elapsed <= 0 || e.CancelAt.IsZero() || !e.Deadline.IsZero() || e.StackOf != "" {
		t.Errorf("%+v", e)
	}
}

func TestWithoutListenerTheCauseIsUnknown(t *testing.T) {
	tr, events := collect()
	entered := make(chan struct{})
	srv := httptest.NewServer(tr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})))
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-entered; cancel() }()
	r, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	if _, err := srv.Client().Do(r); err == nil {
		t.Fatal("the call was not cancelled")
	}
	if e := next(t, events); e.Cause != canceltrace.Unknown || e.Basis != canceltrace.BasisServerContext {
		t.Errorf("%s by %s", e.Cause, e.Basis)
	}
}

func TestOrdinaryRequestsAreSilent(t *testing.T) {
	tr, _ := collect()
	client := &http.Client{Transport: tr.Transport(nil)}
	backend := serve(t, tr, tr.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})))
	front := serve(t, tr, tr.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
		defer cancel()
		out, _ := http.NewRequestWithContext(ctx, "POST", backend.URL, strings.NewReader("x"))
		resp, err := client.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if r.URL.Path == "/read" {
			io.Copy(w, resp.Body)
		}
		_, end := tr.Start(ctx, "work")
		end(nil)
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
	})))
	for range 50 {
		for _, path := range []string{"/read", "/close", "/panic"} {
			if resp, err := client.Get(front.URL + path); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
	}
	client.CloseIdleConnections()
	front.Close()
	backend.Close()
	flush(t, tr)
	if n := tr.Counts(); n != (canceltrace.Counts{}) {
		t.Errorf("%+v", n)
	}
}

func TestStart(t *testing.T) {
	tr, events := collect()
	because := errors.New("another replica answered")
	ctx, end := tr.Start(context.Background(), "lookup")
	end(because)
	end(nil)
	e := next(t, events)
	if e.Cause != canceltrace.Explicit || e.Basis != canceltrace.BasisCancelled || e.Reason != because.Error() ||
		e.Handler != "lookup" || e.Kind != canceltrace.Work {
		t.Errorf("%+v", e)
	}
	if e.StackOf != canceltrace.Canceller || e.StackDepth < 2 || e.StackDepth > 10 {
		t.Errorf("depth %d of %q", e.StackDepth, e.StackOf)
	}
	if context.Cause(ctx) != because {
		t.Errorf("cause %v", context.Cause(ctx))
	}

	outer, endOuter := tr.Start(context.Background(), "outer")
	tr.Start(outer, "inner")
	endOuter(because)
	got := map[string]canceltrace.Event{}
	for range 2 {
		e := next(t, events)
		got[e.Handler] = e
	}
	if e := got["inner"]; e.Cause != canceltrace.Parent || e.Basis != canceltrace.BasisParentCancelled || e.Reason != because.Error() {
		t.Errorf("inner: %+v", e)
	}

	outer, endOuter = tr.Start(context.Background(), "outer")
	tr.Start(outer, "inner")
	endOuter(nil)
	if e := next(t, events); e.Cause != canceltrace.Parent || e.Basis != canceltrace.BasisParentEnded {
		t.Errorf("work left behind: %+v", e)
	}

	own, cancel := context.WithCancel(context.Background())
	tr.Watch(own, canceltrace.Operation{Kind: canceltrace.SQL})
	cancel()
	if e := next(t, events); e.Cause != canceltrace.Unknown || e.Basis != canceltrace.BasisUntraced {
		t.Errorf("own or parent's: %+v", e)
	}
	flush(t, tr)
	if n := tr.Counts().Total(); n != 5 {
		t.Errorf("%d events of 5", n)
	}
}

func TestDeadlineWithACauseOfItsOwn(t *testing.T) {
	for after := time.Millisecond; ; after *= 2 {
		tr, events := collect()
		ctx, cancel := context.WithTimeoutCause(context.Background(), after, errors.New("no more time"))
		defer cancel()
		began, end := tr.Start(ctx, "slow")
		defer end(nil)
		if began.Err() != nil {
			continue // too late to be watched
		}
		if e := next(t, events); e.Cause != canceltrace.Timeout || e.Deadline.IsZero() {
			t.Errorf("%+v", e)
		}
		return
	}
}

// TestCancelledBelowItsParent: the one above ends at some time after the own
// cancel, and perhaps before anybody has looked at that.
func TestCancelledBelowItsParent(t *testing.T) {
	tr, events := collect()
	for _, c := range []struct {
		above string
		end   func(w *canceltrace.Watched, cancel context.CancelCauseFunc)
	}{
		{"goes on", func(*canceltrace.Watched, context.CancelCauseFunc) {}},
		{"has ended", func(w *canceltrace.Watched, _ context.CancelCauseFunc) { w.End() }},
		{"is cancelled", func(_ *canceltrace.Watched, cancel context.CancelCauseFunc) { cancel(errors.New("later")) }},
	} {
		for range 100 {
			ctx, stop := context.WithCancelCause(context.Background())
			above := tr.Watch(ctx, canceltrace.Operation{Kind: canceltrace.Work, Handler: "above"})
			own, cancel := context.WithCancel(above)
			w := tr.Watch(own, canceltrace.Operation{Kind: canceltrace.SQL})
			cancel()
			c.end(above, stop)
			w.End()
			above.End()
			stop(nil)
			e := next(t, events)
			for e.Kind != canceltrace.SQL {
				e = next(t, events)
			}
			if e.Cause != canceltrace.Explicit || e.Basis != canceltrace.BasisBelowParent {
				t.Fatalf("the one above %s: %+v", c.above, e)
			}
		}
	}
}

func TestDetachedWorkIsNotItsRequests(t *testing.T) {
	tr, events := collect()
	outer, endOuter := tr.Start(context.Background(), "request")
	detached, cancel := context.WithCancel(context.WithoutCancel(outer))
	endOuter(nil)
	tr.Watch(detached, canceltrace.Operation{Kind: canceltrace.SQL})
	cancel()
	if e := next(t, events); e.Cause != canceltrace.Unknown || e.Basis != canceltrace.BasisUntraced {
		t.Errorf("%+v", e)
	}
	if _, end := tr.Start(detached, "too late"); context.Cause(detached) == nil {
		t.Error("not cancelled")
	} else {
		end(errors.New("x"))
	}
	flush(t, tr)
	if n := tr.Counts().Total(); n != 1 {
		t.Errorf("%d events: what was cancelled before it began is not reported", n)
	}
}

type rude struct{}

func (rude) Error() string { panic("no text") }

func TestSinksDoNotHurt(t *testing.T) {
	release := make(chan struct{})
	held := make(chan struct{}, 1)
	var counter canceltrace.Counter
	tr := &canceltrace.Tracer{
		QueueLen: 8,
		Trace:    func(context.Context) (string, string) { panic("trace") },
		Annotate: func(context.Context, canceltrace.Event) { panic("annotate") },
		Sinks: []canceltrace.Sink{
			func(context.Context, canceltrace.Event) { panic("sink") },
			counter.Record,
			func(context.Context, canceltrace.Event) { held <- struct{}{}; <-release },
		},
	}
	cancelOne := func() {
		_, end := tr.Start(context.Background(), "w")
		end(rude{})
	}
	cancelOne()
	<-held // the goroutine that delivers now blocks in the last sink
	for range 20 {
		cancelOne()
	}
	if n := tr.Counts(); n.Explicit != 21 {
		t.Errorf("counts %+v, want 21 events", n)
	}
	for guard := time.Now().Add(hang); tr.Counts().Dropped != 12; time.Sleep(time.Millisecond) {
		if time.Now().After(guard) {
			t.Fatalf("counts %+v, want 12 dropped", tr.Counts())
		}
	}
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := tr.Flush(short); err != context.DeadlineExceeded {
		t.Errorf("Flush behind a sink that blocks: %v", err)
	}
	go func() {
		for range held {
		}
	}()
	close(release)
	flush(t, tr)
	close(held)
	rows := counter.Counts()
	if len(rows) != 1 || rows[0].Events != 9 {
		t.Errorf("the sink behind the one that panics got %+v", rows)
	}
	if n := tr.Counts().Panicked; n < 9+21 {
		t.Errorf("%d panics counted", n)
	}
}

func TestAnnotateThatBlocksDelaysNobodyForLong(t *testing.T) {
	release := make(chan struct{})
	tr := &canceltrace.Tracer{Annotate: func(context.Context, canceltrace.Event) { <-release }}
	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		w := tr.Watch(ctx, canceltrace.Operation{})
		cancel()
		done := make(chan struct{})
		go func() { w.End(); close(done) }()
		select {
		case <-done:
		case <-time.After(hang):
			t.Fatal("End waits for Annotate")
		}
	}
	defer close(release)
	for guard := time.Now().Add(hang); tr.Counts().Skipped != 36; time.Sleep(time.Millisecond) {
		if time.Now().After(guard) {
			t.Fatalf("%+v, want 36 skipped of 100", tr.Counts())
		}
	}
	if n := tr.Counts(); n.Total() != 100 {
		t.Errorf("%+v", n)
	}
}

func TestTraceThatBlocksDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	tr := &canceltrace.Tracer{Trace: func(context.Context) (string, string) { <-release; return "", "" }}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			ctx, cancel := context.WithCancel(context.Background())
			w := tr.Watch(ctx, canceltrace.Operation{})
			cancel()
			w.End()
			_, end := tr.Start(context.Background(), "")
			end(errors.New("x"))
		}
	}()
	select {
	case <-done:
	case <-time.After(hang):
		t.Fatal("somebody waits for Trace")
	}
	if n := tr.Counts().Total(); n != 100 {
		t.Errorf("%d events of 100", n)
	}
}

// TestAnnotateIsSeenBeforeTheEnd: unless Annotate comes too late, which on a
// busy machine is no fault of End's.
func TestAnnotateIsSeenBeforeTheEnd(t *testing.T) {
	const patience = 10 * time.Millisecond
	seen := 0
	for tries := 0; seen < 200 && tries < 5000; tries++ {
		var noted atomic.Bool
		tr := &canceltrace.Tracer{Annotate: func(context.Context, canceltrace.Event) { noted.Store(true) }}
		ctx, cancel := context.WithCancel(context.Background())
		w := tr.Watch(ctx, canceltrace.Operation{})
		cancel()
		start := time.Now()
		w.End()
		switch {
		case noted.Load():
			seen++
		case time.Since(start) < patience:
			t.Fatal("End did not wait")
		}
	}
	if seen < 200 {
		t.Errorf("Annotate was seen %d times only", seen)
	}
}

// TestDeliveryCarriesNoLabels: AfterFunc's goroutine has the canceller's
// labels; the sinks' must not, or a dump would show them as the endpoint's.
func TestDeliveryCarriesNoLabels(t *testing.T) {
	stacks := make(chan string, 1)
	tr := &canceltrace.Tracer{Sinks: []canceltrace.Sink{func(context.Context, canceltrace.Event) {
		var text bytes.Buffer
		pprof.Lookup("goroutine").WriteTo(&text, 1)
		stacks <- text.String()
	}}}
	ctx, cancel := context.WithCancel(context.Background())
	tr.Watch(ctx, canceltrace.Operation{})
	pprof.Do(context.Background(), pprof.Labels("endpoint", "/canceller"), func(context.Context) { cancel() })
	for _, stack := range strings.Split(<-stacks, "\n\n") {
		if strings.Contains(stack, "deliver") && strings.Contains(stack, "/canceller") {
			t.Errorf("the delivering goroutine has the canceller's labels:\n%s", stack)
		}
	}
}

func TestHandlerStack(t *testing.T) {
	tr, events := collect()
	tr.HandlerStackEvery = time.Nanosecond
	entered := make(chan struct{})
	var depth func(n int, r *http.Request)
	depth = func(n int, r *http.Request) {
		if n > 0 {
			depth(n-1, r)
			return
		}
		entered <- struct{}{}
		<-r.Context().Done()
		entered <- struct{}{}
	}
	for _, n := range []int{1, 31, 151} {
		ctx, cancel := context.WithCancel(context.Background())
		h := tr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { depth(n, r) }))
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		}()
		<-entered
		cancel()
		e := next(t, events)
		<-entered
		<-done
		// n calls of depth, the one that blocks, and the handler.
		if e.StackOf != canceltrace.Handler || e.StackDepth < n+2 || e.StackDepth > n+5 {
			t.Errorf("depth %d of %q, want about %d", e.StackDepth, e.StackOf, n+2)
		}
	}
}

func TestCallOutlivesItsRequest(t *testing.T) {
	tr, events := collect()
	entered := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}))
	defer backend.Close()
	client := &http.Client{Transport: tr.Transport(nil)}
	front := serve(t, tr, tr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		out, _ := http.NewRequestWithContext(r.Context(), "GET", backend.URL, nil)
		go client.Do(out)
		<-entered
	})))
	if _, err := http.Get(front.URL); err != nil {
		t.Fatal(err)
	}
	e := next(t, events)
	if e.Cause != canceltrace.Parent || e.Basis != canceltrace.BasisParentEnded || e.Kind != canceltrace.HTTPClient {
		t.Errorf("%+v", e)
	}
}

func TestNil(t *testing.T) {
	var tr *canceltrace.Tracer
	h := http.NotFoundHandler()
	tr.Middleware(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if tr.Transport(nil) != http.DefaultTransport || tr.Listener(nil, nil) != nil || tr.Counts().Total() != 0 {
		t.Error("a nil Tracer does something")
	}
	tr.Watch(context.Background(), canceltrace.Operation{}).End()
	ctx, end := tr.Start(context.Background(), "")
	end(nil)
	if ctx.Err() == nil {
		t.Error("the context of a nil Tracer does not end")
	}
	if err := tr.Flush(ctx); err != nil {
		t.Error(err)
	}
	var w *canceltrace.Watched
	w.End()
	(&canceltrace.Tracer{}).Watch(context.Background(), canceltrace.Operation{}).End()
}

func TestSlog(t *testing.T) {
	var out bytes.Buffer
	sink := canceltrace.Slog(slog.New(slog.NewJSONHandler(&out, nil)), slog.LevelWarn)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sink(context.Background(), canceltrace.Event{
		TraceID: "t", SpanID: "s", CancelAt: at, Cause: canceltrace.Timeout, Basis: canceltrace.BasisDeadline,
		Deadline: at, Elapsed: 1500 * time.Millisecond, StackDepth: 3, StackOf: canceltrace.Handler,
		Handler: "GET /", Kind: canceltrace.HTTPServer, Protocol: "HTTP/1.1",
	})
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"level": "WARN", "msg": "context cancelled", "trace_id": "t", "span_id": "s", "cause": "timeout", "basis": "deadline",
		"cancel_at": "2026-01-02T03:04:05Z", "deadline": "2026-01-02T03:04:05Z", "elapsed_s": 1.5,
		"stack_depth": 3.0, "stack_of": "handler", "handler": "GET /", "kind": "http_server", "protocol": "HTTP/1.1",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
}

func TestCounterIsBounded(t *testing.T) {
	c := canceltrace.Counter{HandlersMax: 2}
	for i := range 10 {
		c.Record(context.Background(), canceltrace.Event{Handler: fmt.Sprint(i % 5), Cause: canceltrace.Timeout})
	}
	want := "[{ 0 timeout 2} { 1 timeout 2} { other timeout 6}]"
	if got := fmt.Sprint(c.Counts()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func Example() {
	tracer := &canceltrace.Tracer{Sinks: []canceltrace.Sink{
		func(_ context.Context, e canceltrace.Event) { fmt.Println(e.Kind, e.Handler, e.Cause, e.Basis) },
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
		defer cancel()
		ctx, end := tracer.Start(ctx, "render")
		defer end(nil)
		<-ctx.Done() // too slow
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := &http.Server{Handler: tracer.Middleware(mux)}
	go srv.Serve(tracer.Listener(srv, l))
	http.Get("http://" + l.Addr().String() + "/report")
	srv.Close()
	tracer.Flush(context.Background())
	// Output: work render timeout deadline
}
