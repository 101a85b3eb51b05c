// Package herdprom is a Prometheus collector of the goroutines of a process by service, endpoint and trace id,
// as package labels puts them on goroutines.
//
//	prometheus.MustRegister(herdprom.New())
//
// It takes one goroutine profile at most every five seconds, when it is scraped, which costs microseconds a
// goroutine (BenchmarkRefresh: 10,000); scrapes in between get the same figures (BenchmarkCollect). The number
// of series is bounded by a budget.
//
// The metrics:
//
//	go_goroutines_by_context_total{service,endpoint,traceID}   gauge: goroutines; labels they do not wear are empty
//	go_goroutines_by_context_over_budget_total                 counter: label sets that had no series of their own
//	go_goroutines_by_context_errors_total                      counter: refreshes that failed
//
// The first is a gauge in spite of its name. Its sum is the number of all goroutines at the last refresh. What
// is over the budget loses its trace id first, and is summed under its service and endpoint; endpoints that are
// still over, those with the fewest goroutines, are summed under service="other",endpoint="other". Every set
// that was summed so counts at every refresh. When a refresh fails there are no series until the next.
package herdprom

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goherd/goherd/go/account"
	"github.com/goherd/goherd/go/labels"
	"github.com/prometheus/client_golang/prometheus"
)

// Defaults of a Collector. MinRefresh is also the shortest time between two profiles.
const (
	DefaultBudget = 500
	MinRefresh    = 5 * time.Second
)

// Collector is a prometheus.Collector. Make it by New; one a process is enough.
type Collector struct {
	budget  int
	refresh time.Duration
	traces  bool
	count   func() (account.Goroutines, error)
	now     func() time.Time

	goroutines, over, failed *prometheus.Desc

	mu        sync.Mutex
	refreshed time.Time
	series    []series
	overTotal int64
	failures  int64
}

// Option changes a Collector at New.
type Option func(*Collector)

// WithBudget sets how many series of goroutines there may be, beside the one of other; the default is 500, which
// is also what 0 or less means.
func WithBudget(n int) Option {
	return func(c *Collector) {
		if n > 0 {
			c.budget = n
		}
	}
}

// WithRefresh sets how old figures may be before a scrape takes a new profile; less than the default of five
// seconds is five seconds.
func WithRefresh(d time.Duration) Option {
	return func(c *Collector) { c.refresh = max(d, MinRefresh) }
}

// WithoutTraceIDs sums over trace ids. Each trace id is a series of its own for as long as its requests last; a
// Prometheus that is short of memory is better off without.
func WithoutTraceIDs() Option { return func(c *Collector) { c.traces = false } }

// New makes a Collector.
func New(opts ...Option) *Collector {
	const name = "go_goroutines_by_context"
	c := &Collector{
		budget: DefaultBudget, refresh: MinRefresh, traces: true, count: account.Count, now: time.Now,
		goroutines: prometheus.NewDesc(name+"_total", "Goroutines by the labels they wear (a gauge).",
			[]string{labels.Service, labels.Endpoint, labels.TraceID}, nil),
		over:   prometheus.NewDesc(name+"_over_budget_total", "Label sets that were summed with others, at all refreshes.", nil, nil),
		failed: prometheus.NewDesc(name+"_errors_total", "Refreshes for which no goroutine profile could be taken.", nil, nil),
	}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	return c
}

// Describe sends the descriptions of the three metrics.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.goroutines
	ch <- c.over
	ch <- c.failed
}

// Collect sends the figures of the last refresh, or of a new one when they are too old.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	all, over, failed := c.read()
	for _, s := range all {
		ch <- prometheus.MustNewConstMetric(c.goroutines, prometheus.GaugeValue, float64(s.count), s.service, s.endpoint, s.traceID)
	}
	ch <- prometheus.MustNewConstMetric(c.over, prometheus.CounterValue, float64(over))
	ch <- prometheus.MustNewConstMetric(c.failed, prometheus.CounterValue, float64(failed))
}

func (c *Collector) read() (all []series, over, failed int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.refreshed.IsZero() || now.Sub(c.refreshed) >= c.refresh {
		g, err := c.count()
		c.series, over = fit(g.Sets, c.budget, c.traces)
		if err != nil {
			c.series, over = nil, 0
			c.failures++
		}
		c.overTotal += over
		c.refreshed = now
	}
	return c.series, c.overTotal, c.failures
}

// key is the labels of a series.
type key struct{ service, endpoint, traceID string }

type series struct {
	key
	count int64
}

// fit sums label sets into at most budget series and one of other, and tells how many sets lost a label for
// that.
func fit(sets []account.LabelSet, budget int, traces bool) (all []series, over int64) {
	endpoints, traced := map[key]int64{}, map[key]int64{}
	for _, s := range sets {
		k := key{service: value(s, labels.Service), endpoint: value(s, labels.Endpoint)}
		endpoints[k] += s.Count
		if id := value(s, labels.TraceID); traces && id != "" {
			k.traceID = id
			traced[k] += s.Count
		}
	}
	kept := map[key]int64{}
	ranked := rank(endpoints)
	for _, s := range ranked[:min(budget, len(ranked))] {
		kept[s.key] = s.count
	}
	room := budget - len(kept)
	for _, s := range rank(traced) {
		home := key{service: s.service, endpoint: s.endpoint}
		inHome, ok := kept[home]
		switch {
		case !ok || room == 0 && inHome != s.count:
			over++
		case inHome == s.count: // all of its endpoint's: it takes the place
			delete(kept, home)
			kept[s.key] = s.count
		default:
			room--
			kept[home] = inHome - s.count
			kept[s.key] = s.count
		}
	}
	if rest := ranked[min(budget, len(ranked)):]; len(rest) > 0 {
		over += int64(len(rest))
		for _, s := range rest {
			kept[key{service: labels.Other, endpoint: labels.Other}] += s.count
		}
	}
	return rank(kept), over
}

// rank puts the most frequent first, and equals in order of their labels, so that the same ones stay.
func rank(counts map[key]int64) []series {
	all := make([]series, 0, len(counts))
	for k, n := range counts {
		all = append(all, series{k, n})
	}
	slices.SortFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.service, b.service), cmp.Compare(a.endpoint, b.endpoint),
			cmp.Compare(a.traceID, b.traceID))
	})
	return all
}

// value is a label as Prometheus takes it.
func value(s account.LabelSet, label string) string {
	return strings.ToValidUTF8(s.Value(label), "\uFFFD")
}
