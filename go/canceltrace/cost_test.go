// What it costs: per request alone and composed, per connection, per event.

package canceltrace_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
)

// run sends requests as net/http does: each with a context of its own that is
// cancelled afterwards.
func run(b *testing.B, h http.Handler, timeout string) {
	type noWriter struct{ http.ResponseWriter }
	r := httptest.NewRequest("GET", "/users/7", nil)
	r.Header.Set("Traceparent", parent)
	if timeout != "" {
		r.Header.Set("Grpc-Timeout", timeout)
	}
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		h.ServeHTTP(noWriter{}, r.WithContext(ctx))
		cancel()
	}
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func BenchmarkNoMiddleware(b *testing.B) { run(b, routes(), "") }

func BenchmarkMiddleware(b *testing.B) {
	run(b, new(canceltrace.Tracer).Middleware(routes()), "")
}

// BenchmarkWithDeadlines reads the headers, too, for a request that has no
// deadline and for one that has.
func BenchmarkWithDeadlines(b *testing.B) {
	tr := &canceltrace.Tracer{Deadlines: new(deadline.Chain)}
	b.Run("absent", func(b *testing.B) { run(b, tr.Middleware(routes()), "") })
	b.Run("present", func(b *testing.B) { run(b, tr.Middleware(routes()), "1H") })
	b.Run("two_steps", func(b *testing.B) {
		run(b, new(deadline.Chain).Middleware(new(canceltrace.Tracer).Middleware(routes())), "1H")
	})
}

func BenchmarkStart(b *testing.B) {
	var tr canceltrace.Tracer
	b.ReportAllocs()
	for b.Loop() {
		_, end := tr.Start(context.Background(), "work")
		end(nil)
	}
}

// BenchmarkEvent cancels one context for each event, and waits for the sink.
func BenchmarkEvent(b *testing.B) {
	got := make(chan struct{})
	tr := &canceltrace.Tracer{Sinks: []canceltrace.Sink{func(context.Context, canceltrace.Event) { got <- struct{}{} }}}
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		w := tr.Watch(ctx, canceltrace.Operation{})
		cancel()
		w.End()
		<-got
	}
}

// BenchmarkConn reads and writes one byte over a watched and a plain
// connection.
func BenchmarkConn(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := map[bool]string{false: "plain", true: "watched"}[watched]
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			if watched {
				l = canceltrace.NewConnListener(l)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, 1))
					c.Close()
				}
			}()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			p := make([]byte, 1)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(p); err != nil && !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}
