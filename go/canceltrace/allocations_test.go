// The bounds on allocations. Under the race detector package sync drops at
// random what is pooled, so they do not hold there.

//go:build !race

package canceltrace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
	"github.com/goherd/goherd/go/deadline"
)

// TestAllocations holds the bound named in the documentation: what the
// middleware adds to a request whose context was cancellable before.
func TestAllocations(t *testing.T) {
	count := func(h http.Handler, timeout string) float64 {
		r := httptest.NewRequest("GET", "/users/7", nil)
		if timeout != "" {
			r.Header.Set("Grpc-Timeout", timeout)
		}
		return testing.AllocsPerRun(200, func() {
			ctx, cancel := context.WithCancel(context.Background())
			h.ServeHTTP(nil, r.WithContext(ctx))
			cancel()
		})
	}
	base := count(routes(), "")
	alone := count(new(canceltrace.Tracer).Middleware(routes()), "") - base
	both := count((&canceltrace.Tracer{Deadlines: new(deadline.Chain)}).Middleware(routes()), "1H") - base
	if alone > 4 || both > 4 {
		t.Errorf("%v allocations alone, %v with a deadline; want at most 4", alone, both)
	}
}

// TestChainAllocations holds the bound: 12 for everything, even where the
// request wears its trace id and somebody waits for its deadline.
func TestChainAllocations(t *testing.T) {
	for _, h := range chainHandlers {
		for _, timeout := range []string{"", "1H"} {
			for _, flags := range []string{"00", "01"} {
				r := chainRequest(timeout, flags)
				count := func(h http.Handler) float64 {
					return testing.AllocsPerRun(200, func() { serveOnce(h, r) })
				}
				if n := count(allOn(h.serve)) - count(h.serve); n > 12 {
					t.Errorf("%s, deadline %q, flags %s: %v allocations, want at most 12", h.name, timeout, flags, n)
				}
			}
		}
	}
}
