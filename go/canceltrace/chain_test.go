// What a request costs with everything on: labels, accounting, CancelTrace and
// deadlines, against the bare handler.

package canceltrace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/labels"
)

// chains are the ways of one request through everything there is. What they
// cost is their time less that of the bare handler.
var chains = []struct {
	name    string
	timeout string // of the header grpc-timeout
	all     bool
}{
	{"bare", "", false},
	{"all", "", true},
	{"bare-deadline", "1H", false},
	{"all-deadline", "1H", true},
}

// chain is everything around a handler.
func chain(next http.Handler) http.Handler {
	tracer := &canceltrace.Tracer{Deadlines: new(deadline.Chain)}
	return tracer.Middleware(labels.HTTP(nil, "auth")(next))
}

// serveLikeServer gives each request what net/http gives it: a copy with a context
// of its own, cancelled afterwards.
func serveOnce(h http.Handler, r *http.Request) {
	ctx, cancel := context.WithCancel(context.Background())
	h.ServeHTTP(nil, r.WithContext(ctx))
	cancel()
}

func chainRequest(timeout string) *http.Request {
	r := httptest.NewRequest("GET", "/users/7", nil)
	r.Pattern = "GET /users/{id}"
	r.Header.Set("Traceparent", strings.TrimSuffix(parent, "1")+"0")
	if timeout != "" {
		r.Header.Set("Grpc-Timeout", timeout)
	}
	return r
}

func BenchmarkChain(b *testing.B) {
	handlers := map[string]http.HandlerFunc{
		"plain": func(http.ResponseWriter, *http.Request) {},
		"waits": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			default:
			}
		},
		"derives": func(_ http.ResponseWriter, r *http.Request) {
			_, cancel := context.WithCancel(r.Context())
			cancel()
		},
	}
	for _, kind := range []string{"plain", "waits", "derives"} {
		for _, c := range chains {
			b.Run(kind+"/"+c.name, func(b *testing.B) {
				h := http.Handler(handlers[kind])
				if c.all {
					h = chain(h)
				}
				r := chainRequest(c.timeout)
				b.ReportAllocs()
				for b.Loop() {
					serveOnce(h, r)
				}
			})
		}
	}
}
