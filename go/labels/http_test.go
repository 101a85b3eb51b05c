// Tests of the middleware against real servers and clients.

package labels

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/internal/profile"
)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"

// serve starts a server around h and returns a function that asks it for a path, with a traceparent header
// unless it is empty, and returns the body.
func serve(t *testing.T, h http.Handler) func(path, traceparent string) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return func(path, traceparent string) string {
		r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		if traceparent != "" {
			r.Header.Set("traceparent", traceparent)
		}
		w, err := s.Client().Do(r)
		if err != nil {
			return err.Error()
		}
		defer w.Body.Close()
		body, _ := io.ReadAll(w.Body)
		return string(body)
	}
}

func showLabels(t testing.TB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, wornLabels(t)) })
}

func TestHTTPInsideMux(t *testing.T) {
	var table Table
	label := HTTP(&table, "auth")
	mux := http.NewServeMux()
	mux.Handle("GET /user/{id}", label(showLabels(t)))
	get := serve(t, mux)
	want(t, "a request", get("/user/7", ""), "endpoint=GET /user/{id} service=auth")
	want(t, "another", get("/user/8", ""), "endpoint=GET /user/{id} service=auth")
	if c := table.Endpoint("auth", "GET /user/{id}").Counts(); c.Started != 2 || table.Len() != 1 {
		t.Errorf("%+v in %d sets, want 2 in 1", c, table.Len())
	}
}

func TestHTTPAroundMux(t *testing.T) {
	var table Table
	mux := http.NewServeMux()
	mux.Handle("GET /user/{id}", showLabels(t))
	var seen string
	around := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			seen = r.Pattern
		})
	}
	get := serve(t, around(HTTP(&table, "auth", WithEndpoint(FromMux(mux)))(mux)))
	want(t, "a request", get("/user/7", ""), "endpoint=GET /user/{id} service=auth")
	if seen != "GET /user/{id}" {
		t.Errorf("a middleware further out sees the route %q", seen)
	}
	get("/nowhere/1", "")
	get("/nowhere/2", "")
	if c := table.Endpoint("auth", Unrouted).Counts(); c.Started != 2 || table.Len() != 2 {
		t.Errorf("paths without a route: %+v in %d sets, want 2 under %s and no set of their own", c, table.Len(), Unrouted)
	}
}

func TestHTTP2(t *testing.T) {
	var table Table
	mux := http.NewServeMux()
	label := HTTP(&table, "auth")
	mux.Handle("GET /proto", label(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", wornLabels(t))
	})))
	s := httptest.NewUnstartedServer(mux)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	w, err := s.Client().Get(s.URL + "/proto")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, _ := io.ReadAll(w.Body)
	want(t, "a request", string(body), "HTTP/2.0 endpoint=GET /proto service=auth")
}

func TestHTTPHooksThatPanic(t *testing.T) {
	get := serve(t, HTTP(nil, "auth",
		WithEndpoint(func(*http.Request) string { panic("endpoint") }),
		WithTrace(func(*http.Request) (string, bool) { panic("trace") }), nil)(showLabels(t)))
	want(t, "a request", get("/", ""), "endpoint=unrouted service=auth")
}

// TestHTTPRestores looks at the goroutine of a connection between two requests.
func TestHTTPRestores(t *testing.T) {
	idle := make(chan string, 4)
	mux := http.NewServeMux()
	label := HTTP(nil, "auth")
	mux.Handle("/fine", label(showLabels(t)))
	s := httptest.NewUnstartedServer(mux)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateIdle {
			idle <- wornLabels(t)
		}
	}
	s.Start()
	defer s.Close()
	w, err := s.Client().Get(s.URL + "/fine")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(w.Body)
	w.Body.Close()
	want(t, "the request", string(body), "endpoint=/fine service=auth")
	want(t, "the idle connection", <-idle, "")
}

func TestHTTPPanics(t *testing.T) {
	var table Table
	var after string
	h := HTTP(&table, "auth")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	get := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the panic was swallowed")
			}
			after = wornLabels(t)
		}()
		h.ServeHTTP(w, r)
	}))
	get("/", "")
	want(t, "after a panic", after, "")
	if c := table.Endpoint("auth", Unrouted).Counts(); c != (Counts{Started: 1, Ended: 1, Panicked: 1}) {
		t.Errorf("counts = %+v, want one that panicked", c)
	}
}

func TestHTTPCountsCancelled(t *testing.T) {
	var table Table
	arrived, done := make(chan struct{}), make(chan struct{})
	h := HTTP(&table, "auth")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		close(done)
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		if live := table.Endpoint("auth", Unrouted).Counts().Live(); live != 1 {
			t.Errorf("live = %d during the request, want 1", live)
		}
		cancel()
	}()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if _, err := s.Client().Do(r); err == nil {
		t.Fatal("the client was not cancelled")
	}
	<-done
	if c := table.Endpoint("auth", Unrouted).Counts(); c != (Counts{Started: 1, Ended: 1, Cancelled: 1}) {
		t.Errorf("counts = %+v, want one that was cancelled", c)
	}
}

func TestHTTPKeepsOuterLabels(t *testing.T) {
	h := HTTP(nil, "auth")(showLabels(t))
	get := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pprof.Do(r.Context(), pprof.Labels("team", "id"), func(ctx context.Context) {
			h.ServeHTTP(w, r.WithContext(ctx))
			want(t, "after", wornLabels(t), "team=id")
		})
	}))
	want(t, "a request", get("/", traceparent+"01"),
		"endpoint=unrouted service=auth team=id traceID=4bf92f3577b34da6a3ce929d0e0e4736")
}

func TestHTTPTraceOnlyWhenSampled(t *testing.T) {
	get := serve(t, HTTP(nil, "auth")(showLabels(t)))
	want(t, "not sampled", get("/", traceparent+"00"), "endpoint=unrouted service=auth")
	want(t, "sampled", get("/", traceparent+"01"), "endpoint=unrouted service=auth traceID=4bf92f3577b34da6a3ce929d0e0e4736")
	want(t, "malformed", get("/", strings.ToUpper(traceparent)+"01"), "endpoint=unrouted service=auth")
	off := serve(t, HTTP(nil, "auth", WithTrace(nil))(showLabels(t)))
	want(t, "turned off", off("/", traceparent+"01"), "endpoint=unrouted service=auth")
}

func TestHTTPTracedIsBounded(t *testing.T) {
	const limit, requests = 2, 5
	var arrived sync.WaitGroup
	arrived.Add(requests)
	release := make(chan struct{})
	get := serve(t, HTTP(nil, "auth", WithTraced(limit))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived.Done()
			<-release
		}
		io.WriteString(w, wornLabels(t))
	})))
	bodies := make(chan string)
	for range requests {
		go func() { bodies <- get("/wait", traceparent+"01") }()
	}
	arrived.Wait()
	close(release)
	traced := 0
	for range requests {
		if strings.Contains(<-bodies, TraceID) {
			traced++
		}
	}
	if traced != limit {
		t.Errorf("%d of %d requests wear a trace id at a time, want %d", traced, requests, limit)
	}
	if body := get("/", traceparent+"01"); !strings.Contains(body, TraceID) {
		t.Errorf("the budget is not given back: %q", body)
	}
}

func TestCheckpointLabelsTheSlow(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v %s", Checkpoint(r.Context()), wornLabels(t))
		child := make(chan string)
		go func() { child <- wornLabels(t) }()
		fmt.Fprintf(w, ", child %s", <-child)
	})
	slow := serve(t, HTTP(nil, "auth", WithSlow(time.Nanosecond))(h))
	want(t, "a slow request", slow("/", traceparent+"00"),
		"true endpoint=unrouted service=auth traceID=4bf92f3577b34da6a3ce929d0e0e4736, "+
			"child endpoint=unrouted service=auth traceID=4bf92f3577b34da6a3ce929d0e0e4736")
	want(t, "a slow request without a trace", slow("/", ""), "false endpoint=unrouted service=auth, child endpoint=unrouted service=auth")
	quick := serve(t, HTTP(nil, "auth", WithSlow(time.Hour))(h))
	want(t, "a quick request", quick("/", traceparent+"00"), "false endpoint=unrouted service=auth, child endpoint=unrouted service=auth")
	never := serve(t, HTTP(nil, "auth", WithSlow(0))(h))
	want(t, "where nothing is slow", never("/", traceparent+"00"), "false endpoint=unrouted service=auth, child endpoint=unrouted service=auth")
	if Checkpoint(context.Background()) {
		t.Error("a context without a request is a checkpoint's")
	}
}

// TestCheckpointFromChildren lets many goroutines of a request pass a checkpoint while it ends.
func TestCheckpointFromChildren(t *testing.T) {
	m := HTTP(nil, "auth", WithSlow(time.Nanosecond), WithTraced(1))
	var wg sync.WaitGroup
	get := serve(t, m(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				Checkpoint(r.Context())
			}()
		}
	})))
	for range 50 {
		get("/", traceparent+"00")
	}
	wg.Wait()
	probe := serve(t, m(showLabels(t)))
	if body := probe("/", traceparent+"01"); !strings.Contains(body, TraceID) {
		t.Errorf("the budget is not given back: %q", body)
	}
}

func TestTransportIsACheckpoint(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	defer down.Close()
	client := &http.Client{Transport: Transport(nil)}
	defer client.CloseIdleConnections()
	get := serve(t, HTTP(nil, "auth", WithSlow(time.Nanosecond))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, down.URL, nil)
		if a, err := client.Do(q); err != nil {
			t.Error(err)
		} else {
			a.Body.Close()
		}
		io.WriteString(w, wornLabels(t))
	})))
	want(t, "a request that called on", get("/", traceparent+"00"), "endpoint=unrouted service=auth traceID=4bf92f3577b34da6a3ce929d0e0e4736")
}

// TestKeptConnectionWearsWhoDialled shows the limit that the package names.
func TestKeptConnectionWearsWhoDialled(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	defer down.Close()
	var table Table
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, endpoint := range []string{"/first", "/second"} {
		table.Endpoint("auth", endpoint).Do(context.Background(), func(ctx context.Context) {
			q, _ := http.NewRequestWithContext(ctx, http.MethodGet, down.URL, nil)
			if a, err := client.Do(q); err != nil {
				t.Error(err)
			} else {
				_, _ = io.Copy(io.Discard, a.Body)
				a.Body.Close()
			}
		})
	}
	p, err := profile.Take()
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Samples {
		for _, f := range p.Stack(&p.Samples[i]) {
			if strings.HasSuffix(f.Func, "persistConn).readLoop") && p.Samples[i].Value(Endpoint) == "/first" {
				return
			}
		}
	}
	t.Error("no connection wears the endpoint that dialled it: the documentation says so")
}

func TestHTTPLetsTheServerRemoveFiles(t *testing.T) {
	var form bool
	h := HTTP(nil, "auth")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		form = r.MultipartForm != nil
	}))
	defer s.Close()
	body := "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + strings.Repeat("a", 1000) + "\r\n--x--\r\n"
	w, err := s.Client().Post(s.URL, "multipart/form-data; boundary=x", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	if !form {
		t.Error("the server does not see the form, so that the files of uploads stay on disk")
	}
}

func FuzzTraceparent(f *testing.F) {
	for _, v := range []string{traceparent + "01", traceparent + "00-x", "01" + traceparent[2:] + "03-more", "", "ff" + traceparent[2:] + "01"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		id, sampled := parseTraceparent(v)
		if id == "" {
			if sampled {
				t.Errorf("%q is sampled and has no trace id", v)
			}
			return
		}
		if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id, "0") == "" || !strings.Contains(v, id) {
			t.Errorf("%q gives trace id %q", v, id)
		}
	})
}

func TestParseTraceparent(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct {
		header, id string
		sampled    bool
	}{
		{traceparent + "01", id, true},
		{traceparent + "00", id, false},
		{traceparent + "fb", id, true},
		{traceparent + "01-more", "", false},
		{"cc" + traceparent[2:] + "01-what-the-future-will-be-like", id, true},
		{"cc" + traceparent[2:] + "01.what", "", false},
		{"ff" + traceparent[2:] + "01", "", false},
		{"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", false},
		{"00-" + id + "-0000000000000000-01", "", false},
		{"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01", "", false},
		{traceparent + "0", "", false},
		{"", "", false},
	} {
		if got, sampled := parseTraceparent(c.header); got != c.id || sampled != c.sampled {
			t.Errorf("%q: %q, %v; want %q, %v", c.header, got, sampled, c.id, c.sampled)
		}
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func benchmarkHTTP(b *testing.B, h http.Handler, traceparent string) {
	r := httptest.NewRequest(http.MethodGet, "/user/7", nil)
	if traceparent != "" {
		r.Header.Set("traceparent", traceparent)
	}
	// A server's context holds two values and can be cancelled.
	ctx, cancel := context.WithCancel(context.WithValue(context.WithValue(context.Background(), http.ServerContextKey, 1), http.LocalAddrContextKey, 2))
	defer cancel()
	r = r.WithContext(ctx)
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func BenchmarkHTTP(b *testing.B) { benchmarkHTTP(b, HTTP(nil, "auth")(nothing), "") }

// BenchmarkHTTPWithPprofDo is the same two labels by the standard library's way, for comparison.
func BenchmarkHTTPWithPprofDo(b *testing.B) {
	benchmarkHTTP(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pprof.Do(r.Context(), pprof.Labels(Service, "auth", Endpoint, Unrouted), func(ctx context.Context) {
			nothing(w, r.WithContext(ctx))
		})
	}), "")
}

func BenchmarkHTTPNotSampled(b *testing.B) {
	benchmarkHTTP(b, HTTP(nil, "auth")(nothing), traceparent+"00")
}

func BenchmarkHTTPSampled(b *testing.B) {
	benchmarkHTTP(b, HTTP(nil, "auth")(nothing), traceparent+"01")
}

func BenchmarkHTTPAroundMux(b *testing.B) {
	mux := http.NewServeMux()
	mux.Handle("GET /user/{id}", nothing)
	b.Run("mux", func(b *testing.B) { benchmarkHTTP(b, mux, "") })
	b.Run("labelled", func(b *testing.B) { benchmarkHTTP(b, HTTP(nil, "auth", WithEndpoint(FromMux(mux)))(mux), "") })
}

func BenchmarkCheckpoint(b *testing.B) {
	var ctx context.Context
	h := HTTP(nil, "auth")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() }))
	h.ServeHTTP(discard{http.Header{}}, httptest.NewRequest(http.MethodGet, "/", nil))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		Checkpoint(ctx)
	}
}

func TestHTTPAllocations(t *testing.T) {
	h := HTTP(nil, "auth")(nothing)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := discard{http.Header{}}
	for header, most := range map[string]float64{"": 2, traceparent + "00": 2, traceparent + "01": 6} {
		r.Header.Set("traceparent", header)
		if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n > most {
			t.Errorf("with traceparent %q the middleware allocates %v times a request, want %v", header, n, most)
		}
	}
}
