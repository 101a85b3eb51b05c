// The chain between real servers: what is inherited, cut, sent on, lost.

package deadline_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/goherd/goherd/go/deadline"
)

// ask runs handler behind the chain, sends one request with the headers, and
// returns what the handler found as the time left, negative for none.
func ask(t *testing.T, c *deadline.Chain, outer time.Duration, headers ...string) time.Duration {
	t.Helper()
	got := make(chan time.Duration, 1)
	inner := c.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, ok := r.Context().Deadline()
		if !ok {
			got <- -1
			return
		}
		got <- time.Until(at)
	}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if outer > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), outer)
			defer cancel()
			r = r.WithContext(ctx)
		}
		inner.ServeHTTP(w, r)
	}))
	defer srv.Close()
	r, err := http.NewRequest("GET", srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return <-got
}

func TestMiddleware(t *testing.T) {
	const none = -1
	hour := time.Hour
	family := []deadline.Header{
		deadline.Units("X-Timeout", time.Second), deadline.Text("x-request-timeout"),
		deadline.GRPCTimeout(), deadline.EnvoyExpected(),
	}
	for _, c := range []struct {
		name    string
		chain   *deadline.Chain
		outer   time.Duration
		headers []string
		want    time.Duration
		counts  deadline.Counts
	}{
		{"no header is no deadline", &deadline.Chain{}, 0, nil, none, deadline.Counts{Absent: 1}},
		{"no header keeps the outer one", &deadline.Chain{}, hour, nil, hour, deadline.Counts{Absent: 1}},
		{"inherited", &deadline.Chain{}, 0, []string{"grpc-timeout", "1H"}, hour, deadline.Counts{Inherited: 1}},
		{"envoy", &deadline.Chain{}, 0, []string{"x-envoy-expected-rq-timeout-ms", "3600000"}, hour, deadline.Counts{Inherited: 1}},
		{"earlier than the outer one", &deadline.Chain{}, 2 * hour, []string{"grpc-timeout", "1H"}, hour, deadline.Counts{Inherited: 1}},
		{"wider than the outer one", &deadline.Chain{}, hour, []string{"grpc-timeout", "2H"}, hour, deadline.Counts{Inherited: 1, Wider: 1}},
		{"wider than Max", &deadline.Chain{Max: hour}, 0, []string{"grpc-timeout", "200H"}, hour, deadline.Counts{Inherited: 1, Wider: 1}},
		{"longest possible", &deadline.Chain{}, hour, []string{"grpc-timeout", "99999999H"}, hour, deadline.Counts{Inherited: 1, Wider: 1}},
		{"unreadable is ignored", &deadline.Chain{}, 0, []string{"grpc-timeout", "soon"}, none, deadline.Counts{Rejected: 1}},
		{"zero in milliseconds is ignored", &deadline.Chain{}, 0, []string{"x-envoy-expected-rq-timeout-ms", "0"}, none, deadline.Counts{Rejected: 1}},
		{"empty is ignored", &deadline.Chain{}, 0, []string{"grpc-timeout", ""}, none, deadline.Counts{Rejected: 1}},
		{"one of two values unreadable", &deadline.Chain{}, 0, []string{"grpc-timeout", "soon", "grpc-timeout", "1H"}, hour, deadline.Counts{Rejected: 1, Inherited: 1}},
		{"the earliest counts", &deadline.Chain{Headers: family}, 0,
			[]string{"X-Timeout", "7200", "X-Request-Timeout", "1h", "Grpc-Timeout", "3H"}, hour, deadline.Counts{Inherited: 1}},
		{"names without a unit are not read", &deadline.Chain{}, 0, []string{"X-Timeout", "1"}, none, deadline.Counts{Absent: 1}},
		{"a header without a parser", &deadline.Chain{Headers: []deadline.Header{{Name: "X"}}}, 0, []string{"X", "1"}, none, deadline.Counts{Absent: 1}},
		{"nil chain", nil, 0, []string{"grpc-timeout", "1H"}, none, deadline.Counts{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(t, c.chain, c.outer, c.headers...)
			if c.want == none && got != none || c.want != none && (got > c.want || got < c.want-time.Minute) {
				t.Errorf("the handler had %v, want %v", got, c.want)
			}
			if n := c.chain.Counts(); n != c.counts {
				t.Errorf("counts %+v, want %+v", n, c.counts)
			}
		})
	}
}

func TestPassedDeadlineIsNotIgnored(t *testing.T) {
	var chain deadline.Chain
	var err error
	h := chain.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = r.Context().Err() }))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("grpc-timeout", "0n")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if err != context.DeadlineExceeded {
		t.Fatalf("a gRPC client whose deadline has passed gave %v", err)
	}
}

func TestTransport(t *testing.T) {
	const name = "X-Envoy-Expected-Rq-Timeout-Ms"
	seen := make(chan []string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen <- r.Header.Values(name) }))
	defer srv.Close()
	call := func(c *deadline.Chain, ctx context.Context, present string) []string {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if present != "" {
			r.Header.Set(name, present)
		}
		before := r.Header.Clone()
		resp, err := (&http.Client{Transport: c.Transport(nil)}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if fmt.Sprint(before) != fmt.Sprint(r.Header) {
			t.Errorf("the caller's headers were changed to %v", r.Header)
		}
		return <-seen
	}
	within := func(what string, values []string, least, most int64) {
		t.Helper()
		if len(values) != 1 {
			t.Errorf("%s: sent %q", what, values)
			return
		}
		if n, err := strconv.ParseInt(values[0], 10, 64); err != nil || n < least || n > most {
			t.Errorf("%s: sent %q, want %d to %d", what, values, least, most)
		}
	}
	hour, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()

	var plain deadline.Chain
	if v := call(&plain, context.Background(), ""); v != nil {
		t.Errorf("no deadline was sent as %q", v)
	}
	within("an hour", call(&plain, hour, ""), 3_500_000, 3_600_000)
	within("an hour over two", call(&plain, hour, "7200000"), 3_500_000, 3_600_000)
	within("an hour over rubbish", call(&plain, hour, "soon"), 3_500_000, 3_600_000)
	within("a minute kept below an hour", call(&plain, hour, "60000"), 60_000, 60_000)
	within("less the margin", call(&deadline.Chain{Margin: 30 * time.Minute}, hour, ""), 1_700_000, 1_800_000)
	within("no more than the margin left", call(&deadline.Chain{Margin: 2 * time.Hour}, hour, ""), 1, 1)
	if v := call(&deadline.Chain{Send: []deadline.Header{}}, hour, ""); v != nil {
		t.Errorf("an empty Send sent %q", v)
	}
	if n := plain.Counts(); n.Sent != 3 || n.Unbounded != 1 {
		t.Errorf("counts %+v", n)
	}
}

// TestChainOfServers sends one deadline over two hops and loses it in three
// ways on the second.
func TestChainOfServers(t *testing.T) {
	var last deadline.Chain
	left := make(chan time.Duration, 1)
	backend := httptest.NewServer(last.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, ok := r.Context().Deadline(); ok {
			left <- time.Until(at)
		} else {
			left <- -1
		}
	})))
	defer backend.Close()

	var first deadline.Chain
	client := &http.Client{Transport: first.Transport(nil)}
	front := httptest.NewServer(first.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		switch r.URL.Path {
		case "/lost":
			ctx = context.WithoutCancel(ctx)
		case "/widened":
			wide, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Hour)
			defer cancel()
			ctx = wide
		case "/background":
			ctx = context.Background()
		}
		out, _ := http.NewRequestWithContext(ctx, "GET", backend.URL, nil)
		if resp, err := client.Do(out); err == nil {
			resp.Body.Close()
		}
	})))
	defer front.Close()

	for _, c := range []struct {
		path        string
		least, most time.Duration
		count       func(deadline.Counts) uint64
	}{
		{"/kept", 59 * time.Minute, time.Hour, func(n deadline.Counts) uint64 { return n.Inherited - n.Lost - n.Widened }},
		{"/lost", -1, -1, func(n deadline.Counts) uint64 { return n.Lost }},
		{"/widened", 2 * time.Hour, 3 * time.Hour, func(n deadline.Counts) uint64 { return n.Widened }},
		{"/background", -1, -1, func(n deadline.Counts) uint64 { return n.Unbounded }},
	} {
		r, _ := http.NewRequest("GET", front.URL+c.path, nil)
		r.Header.Set("Grpc-Timeout", "1H")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := <-left; got < c.least || got > c.most {
			t.Errorf("%s: the backend had %v left", c.path, got)
		}
		if n := c.count(first.Counts()); n != 1 {
			t.Errorf("%s: counted %d in %+v", c.path, n, first.Counts())
		}
	}
}

func TestAbsentAllocatesNothing(t *testing.T) {
	var chain deadline.Chain
	h := chain.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations without a deadline", n)
	}
}

func BenchmarkMiddlewareAbsent(b *testing.B) { benchmarkMiddleware(b, "") }
func BenchmarkMiddleware(b *testing.B)       { benchmarkMiddleware(b, "1H") }

func benchmarkMiddleware(b *testing.B, timeout string) {
	var chain deadline.Chain
	h := chain.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if timeout != "" {
		r.Header.Set("grpc-timeout", timeout)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

type noTransport struct{}

func (noTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }

func BenchmarkTransport(b *testing.B) {
	var chain deadline.Chain
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	rt := chain.Transport(noTransport{})
	b.ReportAllocs()
	for b.Loop() {
		rt.RoundTrip(r)
	}
}

func Example() {
	chain := &deadline.Chain{
		Headers: []deadline.Header{deadline.GRPCTimeout(), deadline.Units("X-Request-Timeout", time.Millisecond)},
		Send:    []deadline.Header{deadline.Units("X-Request-Timeout", time.Millisecond)},
		Max:     30 * time.Second,
		Margin:  5 * time.Millisecond,
	}
	client := &http.Client{Transport: chain.Transport(nil)}
	_ = client // calls made with r.Context() carry on what is left

	srv := httptest.NewServer(chain.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, ok := r.Context().Deadline()
		fmt.Fprint(w, ok, time.Until(at) <= 30*time.Second)
	})))
	defer srv.Close()
	r, _ := http.NewRequest("GET", srv.URL, nil)
	r.Header.Set("X-Request-Timeout", "60000")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body), chain.Counts().Wider)
	// Output: true true 1
}
