// HTTP/1.1 and HTTP/2, each with and without TLS, on loopback; HTTP/1.1 over a Unix socket, too.

package canceltrace

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
)

type protocol struct {
	name          string
	tls, h2, unix bool
}

var protocols = []protocol{
	{name: "HTTP1"}, {name: "HTTP1TLS", tls: true}, {name: "HTTP2", tls: true, h2: true}, {name: "HTTP2Plain", h2: true},
	{name: "HTTP1Unix", unix: true},
}

// service is a server and a client of one protocol.
type service struct {
	*httptest.Server
	client *http.Client
}

// cancelKey is where a connection's context holds its cancel function.
type cancelKey struct{}

func (p protocol) serve(t testing.TB, rec *recorder, h http.Handler, configure ...func(*http.Server)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewUnstartedServer(h)
	s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		return context.WithValue(ctx, cancelKey{}, cancel)
	}
	if p.unix {
		s.Listener.Close()
		s.Listener = unixListener(t)
	}
	addr := s.Listener.Addr()
	s.Listener = rec.tracer.Listener(s.Config, s.Listener)
	s.EnableHTTP2 = p.h2 && p.tls
	plain := p.h2 && !p.tls
	if plain {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	for _, c := range configure {
		c(s.Config)
	}
	if p.tls {
		s.StartTLS()
		// What EnableHTTP2 does not say of the other protocol.
		if !p.h2 {
			s.TLS.NextProtos = []string{"http/1.1"}
		}
	} else {
		s.Start()
	}
	s.client = s.Client()
	if p.unix {
		s.URL = "http://unix"
		s.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
		}
	}
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 32
	if plain {
		s.client.Transport.(*http.Transport).Protocols = s.Config.Protocols
	}
	if !p.h2 {
		s.client.Transport.(*http.Transport).TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		s.Close()
	})
	return s
}

func unixListener(t testing.TB) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "goherd") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// call sends run i, waits for the head of the answer, and gives the response
// to use.
func (s *service) call(ctx context.Context, i int, path string, use func(*http.Response)) error {
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Traceparent", traceparent(i))
	r.Header.Set("Grpc-Timeout", "15m")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	use(resp)
	return nil
}

func drain(resp *http.Response) { io.Copy(io.Discard, resp.Body) }

// waits answers the head and then waits for its context.
func waits(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// watch puts h behind the middleware, and notes that the run has begun.
func (r *recorder) watch(h http.HandlerFunc) http.Handler {
	return r.tracer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.begin(req.Context(), req.Header.Get("Traceparent"))
		h(w, req)
	}))
}

func TestHTTP(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	for _, p := range protocols {
		for _, c := range []struct {
			name string
			test func(t *testing.T, p protocol, n int)
		}{
			{"timeout", timeoutHTTP},
			{"client_gone", clientGoneHTTP},
			{"explicit", explicitHTTP},
			{"parent", parentHTTP},
			{"server_closed", serverClosedHTTP},
		} {
			t.Run(p.name+"/"+c.name, func(t *testing.T) { c.test(t, p, n) })
		}
	}
}

func timeoutHTTP(t *testing.T, p protocol, n int) {
	rec := newRecorder()
	rec.tracer.Deadlines = new(deadline.Chain)
	s := p.serve(t, rec, rec.watch(waits))
	only(t, rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Timeout, func(i int) error {
		return rec.evidence(i, s.call(context.Background(), i, "/", drain))
	}), canceltrace.BasisDeadline)
}

func clientGoneHTTP(t *testing.T, p protocol, n int) {
	rec := newRecorder()
	s := p.serve(t, rec, rec.watch(waits))
	seen := rec.expect(t, n, canceltrace.HTTPServer, canceltrace.ClientGone, func(i int) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return rec.evidence(i, s.call(ctx, i, "/", func(*http.Response) { cancel() }))
	})
	switch {
	case p.h2:
		only(t, seen, canceltrace.BasisStreamReset)
	case p.tls:
		only(t, seen, canceltrace.BasisConnectionEOF, canceltrace.BasisConnectionClosed, canceltrace.BasisConnectionLost)
	default:
		only(t, seen, canceltrace.BasisConnectionEOF, canceltrace.BasisConnectionLost)
	}
}

func explicitHTTP(t *testing.T, p protocol, n int) {
	rec := newRecorder()
	s := p.serve(t, rec, rec.watch(func(w http.ResponseWriter, r *http.Request) {
		_, end := rec.tracer.Start(r.Context(), "part")
		end(errors.New("enough"))
	}))
	only(t, rec.expect(t, n, canceltrace.Work, canceltrace.Explicit, func(i int) error {
		return rec.evidence(i, s.call(context.Background(), i, "/", drain))
	}), canceltrace.BasisCancelled)
	if k := rec.total(canceltrace.HTTPServer); k != 0 {
		t.Errorf("%d requests are said to be cancelled", k)
	}
}

func parentHTTP(t *testing.T, p protocol, n int) {
	rec := newRecorder()
	s := p.serve(t, rec, rec.watch(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		r.Context().Value(cancelKey{}).(context.CancelFunc)()
		<-r.Context().Done()
	}))
	only(t, rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Parent, func(i int) error {
		// A connection of its own, as its context ends for all its requests.
		own := *s
		tr := s.client.Transport.(*http.Transport).Clone()
		own.client = &http.Client{Transport: tr}
		defer tr.CloseIdleConnections()
		return rec.evidence(i, own.call(context.Background(), i, "/", drain))
	}), canceltrace.BasisBaseContext)
}

func serverClosedHTTP(t *testing.T, p protocol, n int) {
	for range max(1, n/20) {
		rec := newRecorder()
		s := p.serve(t, rec, rec.watch(waits))
		only(t, rec.expect(t, 1, canceltrace.HTTPServer, canceltrace.Parent, func(i int) error {
			return rec.evidence(i, s.call(context.Background(), i, "/", func(*http.Response) { s.Config.Close() }))
		}), canceltrace.BasisServerClosed)
	}
}

// TestHTTP2ConnectionGone: the client closes the connection below its streams.
func TestHTTP2ConnectionGone(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	rec := newRecorder()
	p := protocols[2]
	s := p.serve(t, rec, rec.watch(waits))
	seen := rec.expect(t, n, canceltrace.HTTPServer, canceltrace.ClientGone, func(i int) error {
		own := *s
		tr := s.client.Transport.(*http.Transport).Clone()
		var below net.Conn
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			below = c
			return c, err
		}
		own.client = &http.Client{Transport: tr}
		return rec.evidence(i, own.call(context.Background(), i, "/", func(*http.Response) { below.Close() }))
	})
	only(t, seen, canceltrace.BasisConnectionEOF, canceltrace.BasisConnectionLost)
}

// TestCancelAbove: a middleware outside cancels without a cause. On a plain
// HTTP/1.1 connection that is certain, as the connection stands.
func TestCancelAbove(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	rec := newRecorder()
	type cancelKey struct{}
	inner := rec.watch(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(cancelKey{}).(context.CancelFunc)()
		waits(w, r)
	})
	s := protocols[0].serve(t, rec, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		inner.ServeHTTP(w, r.WithContext(context.WithValue(ctx, cancelKey{}, cancel)))
	}))
	seen := rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Parent, func(i int) error {
		return s.call(context.Background(), i, "/", drain)
	})
	only(t, seen, canceltrace.BasisContextAbove)
}

// TestServerTimeouts: the server's own read and write timeouts end the context
// like a client that has gone.
func TestServerTimeouts(t *testing.T) {
	n := max(1, number("GOHERD_RUNS", 40)/10)
	t.Run("read", func(t *testing.T) { readTimeout(t, n) })
	t.Run("write", func(t *testing.T) { writeTimeout(t, n) })
	t.Run("write_HTTP2", func(t *testing.T) { writeTimeoutHTTP2(t, n) })
}

// raw sends a request that announces two bytes.
func (s *service) raw(i int, body string) (net.Conn, error) {
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nTraceparent: "+traceparent(i)+
		"\r\nContent-Length: 2\r\n\r\n"+body)
	return c, err
}

// readTimeout: the time begins with the connection, so it may be over before
// the handler is called.
func readTimeout(t *testing.T, n int) {
	rec := newRecorder()
	s := protocols[0].serve(t, rec, rec.watch(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}), func(c *http.Server) { c.ReadTimeout = 30 * time.Millisecond })
	only(t, rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Timeout, func(i int) error {
		c, err := s.raw(i, "x")
		if err != nil {
			return err
		}
		defer c.Close()
		io.Copy(io.Discard, c) // until the server closes
		return rec.evidence(i, nil)
	}), canceltrace.BasisReadTimeout)
}

// writeTimeout: the client never reads.
func writeTimeout(t *testing.T, n int) {
	rec := newRecorder()
	s := protocols[0].serve(t, rec, rec.watch(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<20)
		for r.Context().Err() == nil {
			w.Write(chunk)
		}
	}), func(c *http.Server) { c.WriteTimeout = 30 * time.Millisecond })
	only(t, rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Timeout, func(i int) error {
		c, err := s.raw(i, "xx")
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		return err
	}), canceltrace.BasisWriteTimeout)
}

// writeTimeoutHTTP2: the stream's time begins before the handler's, and the
// middleware knows the handler's only. The handshake has to keep the time, too.
func writeTimeoutHTTP2(t *testing.T, n int) {
	rec := newRecorder()
	var sent sync.Map
	s := protocols[2].serve(t, rec, rec.tracer.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		run := r.Header.Get("Traceparent")
		if at, _ := sent.Load(run); time.Since(at.(time.Time)) <= late {
			rec.begin(r.Context(), run)
		}
		waits(w, r)
	})), func(c *http.Server) { c.WriteTimeout = 50 * time.Millisecond })
	only(t, rec.expect(t, n, canceltrace.HTTPServer, canceltrace.Unknown, func(i int) error {
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { sent.Store(traceparent(i), time.Now()) },
		})
		return rec.evidence(i, s.call(ctx, i, "/", drain))
	}), canceltrace.BasisWriteTimeout)
}

// roundTripper notes below the tracer's that the run has begun.
type roundTripper struct {
	*recorder
	base http.RoundTripper
}

func (rt roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	rt.begin(r.Context(), r.Header.Get("Traceparent"))
	return rt.base.RoundTrip(r)
}

func (rt roundTripper) CloseIdleConnections() {
	rt.base.(*http.Transport).CloseIdleConnections()
}

// TestHTTPClient: the RoundTripper below a traced request.
func TestHTTPClient(t *testing.T) {
	n := number("GOHERD_RUNS", 40)
	for _, p := range protocols {
		for _, c := range []struct {
			cause canceltrace.Cause
			basis canceltrace.Basis
		}{
			{canceltrace.Timeout, canceltrace.BasisDeadline},
			{canceltrace.Explicit, canceltrace.BasisBelowParent},
			{canceltrace.Parent, canceltrace.BasisParentCancelled},
		} {
			t.Run(p.name+"/"+string(c.cause), func(t *testing.T) {
				quiet, rec := newRecorder(), newRecorder()
				s := p.serve(t, quiet, http.HandlerFunc(waits))
				s.client.Transport = rec.tracer.Transport(roundTripper{rec, s.client.Transport})
				only(t, rec.expect(t, n, canceltrace.HTTPClient, c.cause, func(i int) error {
					return cancelledCall(s, rec, c.cause, i)
				}), c.basis)
			})
		}
	}
}

// cancelledCall makes one call that ends for the cause given.
func cancelledCall(s *service, rec *recorder, cause canceltrace.Cause, i int) error {
	outer, end := rec.tracer.Start(context.Background(), "request")
	defer end(nil)
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	then := func() {}
	switch cause {
	case canceltrace.Timeout:
		timed, stop := context.WithTimeout(ctx, 60*time.Millisecond)
		defer stop()
		ctx = timed
	case canceltrace.Explicit:
		then = cancel
	case canceltrace.Parent:
		then = func() { end(errors.New("enough")) }
	}
	err := s.call(ctx, i, "/", func(resp *http.Response) {
		then()
		drain(resp)
	})
	if ctx.Err() == nil {
		return fmt.Errorf("%w: the call ended by itself (%v)", errNoEvidence, err)
	}
	return rec.evidence(i, nil)
}

// TestOrdinaryHTTP: bodies read, closed early, posted; contexts cancelled
// after the end; a call inside of a request.
func TestOrdinaryHTTP(t *testing.T) {
	n := number("GOHERD_REQUESTS", 1000)
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			rec := newRecorder()
			rec.tracer.Deadlines = new(deadline.Chain)
			s := new(service)
			*s = *p.serve(t, rec, rec.tracer.Middleware(ordinary(s)))
			s.client.Transport = rec.tracer.Transport(s.client.Transport)
			s.client.Timeout = time.Hour
			abreast(t, n, 8, s.request)
			abreast(t, n/100, 1, func(int) error {
				// The handler panics: the server cuts the answer, no context was cancelled.
				if resp, err := s.client.Get(s.URL + "/abort"); err == nil {
					resp.Body.Close()
				}
				return nil
			})
			s.client.CloseIdleConnections()
			s.Close()
			rec.silent(t, n)
		})
	}
}

// ordinary answers in some ways; one is a call to s, where it runs itself.
func ordinary(s *service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("GET /{kind}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("kind") {
		case "big":
			io.WriteString(w, strings.Repeat("x", 100_000))
		case "call":
			ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
			defer cancel()
			out, _ := http.NewRequestWithContext(ctx, "GET", s.URL+"/flush", nil)
			resp, err := s.client.Do(out)
			if err != nil {
				http.Error(w, err.Error(), 500)
				return
			}
			defer resp.Body.Close()
			io.Copy(w, resp.Body)
		case "flush":
			http.NewResponseController(w).Flush()
			io.WriteString(w, "x")
		case "abort":
			panic(http.ErrAbortHandler)
		}
	})
	return mux
}

// request makes call i, of one of the kinds.
func (s *service) request(i int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kind := [...]string{"small", "flush", "big", "call", "echo"}[i%5]
	method, body := "GET", io.Reader(nil)
	if kind == "echo" {
		method, body = "POST", strings.NewReader(strconv.Itoa(i))
	}
	r, err := http.NewRequestWithContext(ctx, method, s.URL+"/"+kind, body)
	if err != nil {
		return err
	}
	r.Header.Set("Grpc-Timeout", "1H")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		return errors.New(resp.Status)
	}
	drain(resp)
	return nil
}

// TestWhatHTTP1CannotTell: a half-closed client looks gone; one that has sent
// more, or whose body was not read, is not missed, though another that leaves
// later is.
func TestWhatHTTP1CannotTell(t *testing.T) {
	get := "GET / HTTP/1.1\r\nHost: x\r\nTraceparent: " + traceparent(0) + "\r\n\r\n"
	post := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n"
	for _, c := range []struct {
		name, send string
		leave      func(*net.TCPConn) error
		noticed    bool
	}{
		{"half_closed", get, (*net.TCPConn).CloseWrite, true},
		{"sent_more", get, func(c *net.TCPConn) error {
			if _, err := io.WriteString(c, get); err != nil {
				return err
			}
			return c.Close()
		}, false},
		{"body_unread", post, (*net.TCPConn).Close, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := newRecorder()
			entered, noticed := make(chan struct{}, 3), make(chan bool, 3)
			other := make(chan struct{}) // closed when the other client was missed
			s := protocols[0].serve(t, rec, rec.tracer.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				entered <- struct{}{}
				if r.URL.Path == "/other" {
					<-r.Context().Done()
					close(other)
					return
				}
				select {
				case <-r.Context().Done():
					noticed <- true
				case <-other:
					noticed <- false
				}
			})))
			leave(t, s, c.send, entered, c.leave)
			if !c.noticed {
				leave(t, s, "GET /other HTTP/1.1\r\nHost: x\r\n\r\n", entered, (*net.TCPConn).Close)
			}
			if got := <-noticed; got != c.noticed {
				t.Errorf("noticed: %v", got)
			}
			if c.noticed {
				only(t, rec.check(t, canceltrace.HTTPServer, canceltrace.ClientGone, []int{0}), canceltrace.BasisConnectionEOF)
			}
		})
	}
}

// leave sends a request and leaves once its handler has been called.
func leave(t *testing.T, s *service, send string, entered <-chan struct{}, leave func(*net.TCPConn) error) {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := leave(c.(*net.TCPConn)); err != nil {
		t.Fatal(err)
	}
}
