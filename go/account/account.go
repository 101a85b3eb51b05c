// Package account serves what a process knows about its own goroutines at /debug/goherd: how many requests and
// tasks are under way for each service, endpoint, runner and task, how many began and how they ended, and the
// runtime's own figures.
//
//	var table labels.Table
//	mux.Handle(account.Path, account.New(&table))
//	handler := labels.HTTP(&table, "auth", labels.WithEndpoint(labels.FromMux(mux)))(mux)
//
// The answer is compact JSON; its fields are described in docs/module/account.en.md and only ever added to
// within a version. A call reads counters and runtime/metrics: it stops nothing, and costs tens of microseconds
// with a full table of 256 label sets (BenchmarkAppend). With ?all=1 it also takes one goroutine profile and
// counts all goroutines by label set, children included, which costs microseconds a goroutine (BenchmarkCount:
// 10,000); such a count is kept for a second, so that nobody can ask for more.
//
// Endpoints, tasks and trace ids are nobody else's business: unless WithAuth says otherwise, only requests from
// the own machine are answered; see [Local].
package account

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/goherd/goherd/go/labels"
)

// Path is where goherd looks for an Account.
const Path = "/debug/goherd"

// Schema names the version of the JSON.
const Schema = "goherd-account/1"

const (
	// keep is how long a count of all goroutines is given out again.
	keep = time.Second
	// maxListed is how many label sets are listed; the goroutines of the others are summed.
	maxListed = 1000
)

// Account is an http.Handler that serves the account of one table. Make it by New.
type Account struct {
	table *labels.Table
	auth  func(*http.Request) bool
	start time.Time
	head  []byte // what never changes
	stats *metricSet

	mu   sync.Mutex
	rows []row // in order; as many as the table had sets at the time

	counting sync.Mutex
	counted  Goroutines
	countErr error
}

// Option changes an Account at New.
type Option func(*Account)

// WithAuth decides by f who is answered, instead of Local. A request for which f returns false or panics gets
// 403. nil keeps Local: there is no way to answer everybody by mistake.
func WithAuth(f func(*http.Request) bool) Option {
	return func(a *Account) {
		if f != nil {
			a.auth = f
		}
	}
}

// New makes the account of a table; with nil it has no endpoints and tasks.
func New(table *labels.Table, opts ...Option) *Account {
	a := &Account{table: table, auth: Local, start: time.Now(), head: head(), stats: newMetricSet()}
	for _, o := range opts {
		if o != nil {
			o(a)
		}
	}
	return a
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ServeHTTP answers GET and HEAD.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.allowed(r) {
		http.Error(w, "goherd: this page is for the own machine only; account.WithAuth can change that", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "goherd: only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	all := r.URL.RawQuery != "" && r.URL.Query().Get("all") == "1"
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	buf.Write(a.append(buf.AvailableBuffer(), all))
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(buf.Bytes())
}

func (a *Account) allowed(r *http.Request) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return a.auth(r)
}

// Append appends the account, as ServeHTTP gives it without ?all=1, to b.
func (a *Account) Append(b []byte) []byte { return a.append(b, false) }

func (a *Account) append(b []byte, all bool) []byte {
	now := time.Now()
	b = append(b, a.head...)
	b = append(b, `,"at":"`...)
	b = now.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","uptime_s":`...)
	b = appendFloat(b, now.Sub(a.start).Seconds())
	b = append(b, `,"runtime":`...)
	b = a.stats.append(b)
	b = a.appendRows(b)
	b = append(b, `,"sets":{"count":`...)
	b = strconv.AppendInt(b, int64(a.table.Len()), 10)
	b = append(b, `,"limit":`...)
	b = strconv.AppendInt(b, int64(a.table.Limit()), 10)
	b = append(b, `,"refused":`...)
	b = strconv.AppendInt(b, a.table.Refused(), 10)
	b = append(b, '}')
	if all {
		b = append(b, `,"goroutines":`...)
		b = appendGoroutines(b, a.count)
	}
	return append(b, '}', '\n')
}

// count is a count of all goroutines that is no older than a second.
func (a *Account) count() (Goroutines, error) {
	a.counting.Lock()
	defer a.counting.Unlock()
	if a.counted.At.IsZero() || time.Since(a.counted.At) >= keep {
		a.counted, a.countErr = Count()
	}
	return a.counted, a.countErr
}
