// Tests of the collector, with the real registry over HTTP.

package herdprom

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goherd/goherd/go/account"
	"github.com/goherd/goherd/go/internal/parked"
	"github.com/goherd/goherd/go/labels"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serve registers the collector and returns a function that scrapes it, in a format of Prometheus's.
func serve(t *testing.T, c *Collector) func(accept string) map[string]float64 {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	s := httptest.NewServer(promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	t.Cleanup(s.Close)
	return func(accept string) map[string]float64 {
		q, err := http.NewRequest(http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Accept", accept)
		w, err := s.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		if w.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(w.Body)
			t.Fatalf("%s: %s", w.Status, body)
		}
		samples := map[string]float64{}
		for lines := bufio.NewScanner(w.Body); lines.Scan(); {
			if line := lines.Text(); !strings.HasPrefix(line, "#") {
				at := strings.LastIndexByte(line, ' ')
				if samples[line[:at]], err = strconv.ParseFloat(line[at+1:], 64); err != nil {
					t.Fatal(err)
				}
			}
		}
		return samples
	}
}

func name(service, endpoint, traceID string) string {
	return fmt.Sprintf("go_goroutines_by_context_total{endpoint=%q,service=%q,traceID=%q}", endpoint, service, traceID)
}

const (
	over   = "go_goroutines_by_context_over_budget_total"
	failed = "go_goroutines_by_context_errors_total"
	plain  = "text/plain"
	open   = "application/openmetrics-text; version=1.0.0"
)

func TestScrape(t *testing.T) {
	parked.Start(t, 3, labels.Service, "auth", labels.Endpoint, "GET /login")
	parked.Start(t, 2, labels.Service, "auth", labels.Endpoint, "GET /login", labels.TraceID, "4bf9", "more", "labels")
	parked.Start(t, 4, labels.Service, "auth")
	parked.Start(t, 1, labels.TraceID, "alone", labels.Service, "\xff")
	for _, format := range []string{plain, open} {
		got := serve(t, New())(format)
		for name, want := range map[string]float64{
			name("auth", "GET /login", ""):     3,
			name("auth", "GET /login", "4bf9"): 2,
			name("auth", "", ""):               4,
			name("\uFFFD", "", "alone"):        1,
			over:                               0,
			failed:                             0,
		} {
			if got[name] != want {
				t.Errorf("%s: %s = %v, want %v", format, name, got[name], want)
			}
		}
		if got[name("", "", "")] < 1 {
			t.Errorf("%s: no goroutines without labels, and this is one", format)
		}
	}
	got := serve(t, New(WithoutTraceIDs()))(plain)
	if got[name("auth", "GET /login", "")] != 5 {
		t.Errorf("without trace ids: %v, want 5 in one series", got)
	}
}

func TestRefreshIsKept(t *testing.T) {
	c := New(WithRefresh(time.Millisecond), nil)
	var now time.Time
	c.now = func() time.Time { return now }
	taken := 0
	c.count = func() (account.Goroutines, error) { taken++; return account.Count() }
	scrape := serve(t, c)
	for _, step := range []struct {
		at    time.Duration
		taken int
	}{{0, 1}, {0, 1}, {4999 * time.Millisecond, 1}, {5 * time.Second, 2}, {9 * time.Second, 2}, {11 * time.Second, 3}} {
		now = time.Unix(0, 0).Add(step.at)
		scrape(plain)
		if taken != step.taken {
			t.Errorf("at %v: %d profiles, want %d", step.at, taken, step.taken)
		}
	}
}

func TestRefreshThatFails(t *testing.T) {
	c := New()
	c.count = func() (account.Goroutines, error) { return account.Goroutines{}, errors.New("too many") }
	got := serve(t, c)(plain)
	if len(got) != 2 || got[failed] != 1 || got[over] != 0 {
		t.Errorf("%v, want the counters only, and one error", got)
	}
}

// TestBudget asks for many endpoints and trace ids, and counts what becomes of them.
func TestBudget(t *testing.T) {
	var sets []account.LabelSet
	var total int64
	add := func(count int64, kv ...string) {
		s := account.LabelSet{Count: count}
		for i := 0; i < len(kv); i += 2 {
			s.Labels = append(s.Labels, account.Label{Key: kv[i], Value: kv[i+1]})
		}
		sets = append(sets, s)
		total += count
	}
	for i := range 30 {
		add(int64(100-i), "service", "a", "endpoint", fmt.Sprint(i))
		add(2, "service", "a", "endpoint", fmt.Sprint(i), "traceID", fmt.Sprint("t", i))
	}
	add(7, "service", "other", "endpoint", "other")
	for _, c := range []struct {
		budget, series int
		over           int64
		other          int64 // with the 7 that are called so
	}{
		{500, 61, 0, 7},
		{61, 61, 0, 7},
		{60, 60, 1, 7},
		{31, 31, 30, 7},
		{30, 31, 31, 7}, // the 7 themselves are over
		{20, 21, 41, 7 + 10*2 + (80+71)*10/2},
		{1, 2, 60, 7 + 29*2 + (99+71)*29/2},
	} {
		got, over := fit(sets, c.budget, true)
		var sum, other int64
		for _, s := range got {
			sum += s.count
			if s.service == "other" {
				other += s.count
			}
			if s.count == 0 {
				t.Errorf("budget %d: empty series %+v", c.budget, s)
			}
		}
		if len(got) != c.series || over != c.over || sum != total || other != c.other {
			t.Errorf("budget %d: %d series, %d over, %d of %d goroutines, %d of other; want %d, %d, all, %d", c.budget, len(got), over,
				sum, total, other, c.series, c.over, c.other)
		}
	}
}

func TestBudgetOverHTTP(t *testing.T) {
	for i := range 20 {
		parked.Start(t, 20-i, labels.Service, "auth", labels.Endpoint, fmt.Sprint(i))
	}
	c := New(WithBudget(5))
	var now = time.Unix(0, 0)
	c.now = func() time.Time { return now }
	scrape := serve(t, c)
	got := scrape(plain)
	sum := 0.0
	for k, v := range got {
		if regexp.MustCompile(`^go_goroutines_by_context_total`).MatchString(k) {
			sum += v
		}
	}
	first := got[over]
	if len(got) != 5+1+2 || first < 15 || sum < 210 || got[name("other", "other", "")] < 15*16/2-10 {
		t.Errorf("%v, want 5 series, one of other, and two counters", got)
	}
	now = now.Add(MinRefresh)
	if again := scrape(plain)[over]; again < first+15 {
		t.Errorf("over budget = %v at the second refresh after %v, want at least 15 more", again, first)
	}
}

// TestSelfLabelledByMiddleware takes the labels from a real request.
func TestSelfLabelledByMiddleware(t *testing.T) {
	var table labels.Table
	r := prometheus.NewRegistry()
	r.MustRegister(New())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", labels.HTTP(&table, "auth")(promhttp.HandlerFor(r, promhttp.HandlerOpts{})))
	s := httptest.NewServer(mux)
	defer s.Close()
	w, err := s.Client().Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, _ := io.ReadAll(w.Body)
	if !strings.Contains(string(body), `endpoint="GET /metrics",service="auth",traceID=""} `) {
		t.Errorf("the goroutine that collects is not among its own figures:\n%s", body)
	}
}

func BenchmarkRefresh(b *testing.B) {
	for i := range 50 {
		parked.Start(b, 200, labels.Service, "auth", labels.Endpoint, fmt.Sprint(i))
	}
	c := New()
	b.ReportAllocs()
	for b.Loop() {
		c.refreshed = time.Time{}
		c.read()
	}
}

func BenchmarkCollect(b *testing.B) {
	for i := range 50 {
		parked.Start(b, 1, labels.Service, "auth", labels.Endpoint, fmt.Sprint(i))
	}
	c := New()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
