// Everything on at once: labels, accounting, CancelTrace and deadlines around
// one handler, what they do together and what that costs.

package canceltrace_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/labels"
)

// chains are the orders in which the two middlewares can stand.
func chains(tr *canceltrace.Tracer, table *labels.Table) map[string]func(http.Handler) http.Handler {
	label := labels.HTTP(table, "auth")
	return map[string]func(http.Handler) http.Handler{
		"labels inside":  func(h http.Handler) http.Handler { return tr.Middleware(label(h)) },
		"labels outside": func(h http.Handler) http.Handler { return label(tr.Middleware(h)) },
	}
}

func TestChain(t *testing.T) {
	for name := range chains(nil, nil) {
		t.Run(name, func(t *testing.T) {
			tr, events := collect()
			tr.Deadlines = new(deadline.Chain)
			var table labels.Table
			var worn strings.Builder
			mux := http.NewServeMux()
			mux.Handle("GET /users/{id}", chains(tr, &table)[name](http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				pprof.ForLabels(r.Context(), func(key, value string) bool {
					fmt.Fprintf(&worn, "%s=%s ", key, value)
					return true
				})
				if labels.TableOf(r.Context()) != &table {
					t.Error("the table does not travel with the request")
				}
				below, cancel := context.WithCancel(r.Context())
				defer cancel()
				<-below.Done()
				if err := below.Err(); err != context.DeadlineExceeded {
					t.Errorf("what is below the request ended with %v", err)
				}
			})))
			srv := serve(t, tr, mux)
			r, _ := http.NewRequest("GET", srv.URL+"/users/7", nil)
			r.Header.Set("Grpc-Timeout", "50m")
			r.Header.Set("Traceparent", parent)
			resp, err := srv.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			e := next(t, events)
			if e.Cause != canceltrace.Timeout || e.Basis != canceltrace.BasisDeadline || e.Handler != "GET /users/{id}" || e.Deadline.IsZero() {
				t.Errorf("event %+v", e)
			}
			want := "endpoint=GET /users/{id} service=auth traceID=4bf92f3577b34da6a3ce929d0e0e4736 "
			if worn.String() != want {
				t.Errorf("labels %q, want %q", worn.String(), want)
			}
			if c := table.Endpoint("auth", "GET /users/{id}").Counts(); c != (labels.Counts{Started: 1, Ended: 1, Cancelled: 1}) {
				t.Errorf("accounted %+v", c)
			}
			if n := tr.Deadlines.Counts(); n.Inherited != 1 {
				t.Errorf("deadlines %+v", n)
			}
		})
	}
}

// TestUploadsAreRemoved has a form spilled to disk: the server removes the file
// of the request that it knows, which is not the one that the handler parsed.
func TestUploadsAreRemoved(t *testing.T) {
	tr, _ := collect()
	var file string
	srv := serve(t, tr, tr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
			return
		}
		f, err := r.MultipartForm.File["f"][0].Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		file = f.(*os.File).Name()
	})))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w, _ := form.CreateFormFile("f", "f")
	fmt.Fprint(w, strings.Repeat("x", 11<<20))
	form.Close()
	resp, err := http.Post(srv.URL, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	srv.Close() // and with it the last request
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file of the upload, %q, is still there: %v", file, err)
	}
}

// TestEndMeetsTheTimer ends operations about when they are registered with
// their context, one after another and under way, some of them cancelled just
// before: an event for each of those, and none for the others.
func TestEndMeetsTheTimer(t *testing.T) {
	const operations, each = 8, 60
	tr := new(canceltrace.Tracer)
	var wg sync.WaitGroup
	for i := range operations {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range each {
				ctx, cancel := context.WithCancel(context.Background())
				w := tr.Watch(ctx, canceltrace.Operation{})
				canceltrace.SpinUntilShort(w, (i*each+j)%40)
				if j%3 == 0 {
					cancel()
				}
				w.End()
				w.End()
				cancel()
			}
		}()
	}
	wg.Wait()
	if got, want := tr.Counts().Total(), uint64(operations*each/3); got != want {
		t.Errorf("%d events of %d cancelled operations", got, want)
	}
}

func chainRequest(timeout, flags string) *http.Request {
	r := httptest.NewRequest("GET", "/users/7", nil)
	r.Pattern = "GET /users/{id}"
	r.Header.Set("Traceparent", strings.TrimSuffix(parent, "01")+flags)
	if timeout != "" {
		r.Header.Set("Grpc-Timeout", timeout)
	}
	return r
}

// serveOnce gives a request what net/http gives it: a context of its own,
// cancelled afterwards.
func serveOnce(h http.Handler, r *http.Request) {
	ctx, cancel := context.WithCancel(context.Background())
	h.ServeHTTP(nil, r.WithContext(ctx))
	cancel()
}

var chainHandlers = []struct {
	name  string
	serve http.HandlerFunc
}{
	{"plain", func(http.ResponseWriter, *http.Request) {}},
	// Waits for its context as a database driver does.
	{"waits", func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		select {
		case <-ctx.Done():
		default:
		}
	}},
}

func allOn(h http.Handler) http.Handler {
	tr := &canceltrace.Tracer{Deadlines: new(deadline.Chain)}
	return tr.Middleware(labels.HTTP(nil, "auth")(h))
}

// BenchmarkChain is the bare handler and the same with everything on; what that
// costs is the difference.
func BenchmarkChain(b *testing.B) {
	for _, h := range chainHandlers {
		for _, timeout := range []string{"", "1H"} {
			for _, way := range []string{"bare", "all"} {
				b.Run(fmt.Sprintf("handler=%s/deadline=%t/chain=%s", h.name, timeout != "", way), func(b *testing.B) {
					handler := http.Handler(h.serve)
					if way == "all" {
						handler = allOn(handler)
					}
					r := chainRequest(timeout, "00")
					b.ReportAllocs()
					for b.Loop() {
						serveOnce(handler, r)
					}
				})
			}
		}
	}
}
