// Command consumer uses every part of the core once and prints the names of those that did what they are for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/goherd/goherd/go/account"
	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/fuse"
	"github.com/goherd/goherd/go/labels"
	"github.com/goherd/goherd/go/pool"
	"github.com/goherd/goherd/go/runner"
	"github.com/goherd/goherd/go/stream"
)

func main() {
	var names []string
	for _, part := range []struct {
		name string
		use  func() bool
	}{
		{"account", useAccount}, {"deadline", useDeadline}, {"canceltrace", useCancelTrace}, {"fuse", useFuse}, {"labels", useLabels},
		{"pool", usePool}, {"runner", useRunner}, {"stream", useStream},
	} {
		if part.use() {
			names = append(names, part.name)
		}
	}
	fmt.Println(strings.Join(names, " "))
}

var background = context.Background()

func useAccount() bool {
	var table labels.Table
	table.Endpoint("auth", "GET /login").Begin()
	text := string(account.New(&table).Append(nil))
	return strings.Contains(text, `"endpoint":"GET /login"`) && strings.Contains(text, `"live":1`)
}

func useDeadline() bool {
	var left time.Duration
	h := new(deadline.Chain).Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		at, _ := r.Context().Deadline()
		left = time.Until(at)
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("grpc-timeout", "1H")
	h.ServeHTTP(httptest.NewRecorder(), r)
	return left > 59*time.Minute
}

func useCancelTrace() bool {
	var tracer canceltrace.Tracer
	_, cancel := tracer.Start(background, "work")
	cancel(errors.New("enough"))
	return tracer.Counts().Explicit == 1
}

func useFuse() bool {
	reports := make(chan *fuse.Report, 1)
	s, err := fuse.Start(background, fuse.Options{
		Limit: 50 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Observe: func(_ context.Context, r *fuse.Report, _ string) { reports <- r },
	})
	if err != nil {
		return false
	}
	defer s.Stop()
	var m fuse.Mutex
	m.Watch("m")
	m.Lock()
	done := make(chan struct{})
	go func() { m.Lock(); close(done) }()
	r := <-reports
	m.Unlock()
	<-done
	return len(r.Locks) == 1 && r.Locks[0].Name == "m" && r.Locks[0].HolderKnown
}

func useLabels() (worn bool) {
	var table labels.Table
	table.Endpoint("auth", "GET /login").Do(background, func(ctx context.Context) {
		value, _ := pprof.Label(ctx, "endpoint")
		worn = value == "GET /login"
	})
	return worn
}

func usePool() bool {
	p := pool.New()
	defer p.Close()
	one, two := 0, 0
	err := p.Run(background, func(w *pool.Worker) error {
		return w.Both(func(*pool.Worker) error { one = 1; return nil }, func(*pool.Worker) error { two = 2; return nil })
	})
	return err == nil && one+two == 3
}

func useRunner() bool {
	wrong := errors.New("wrong")
	r := runner.New(background, "ingest")
	r.Go("read", func(context.Context) error { return wrong })
	return errors.Is(r.Wait(), wrong)
}

func useStream() bool {
	b := stream.New[int](1, 1, nil)
	if b.Push(background, 7) != nil {
		return false
	}
	it, err := b.Pop(background)
	if err != nil {
		return false
	}
	it.Done()
	b.Close()
	return it.Value == 7
}
