// The bounded table of label sets, and how it travels in a context.

package labels

import (
	"context"
	"maps"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
)

// Limits of a Table.
const (
	DefaultSets = 256
	MaxSets     = 4096
	// maxOverflow is how many sets there may be beside the others for what is over, one for each service or
	// runner.
	maxOverflow = 16
)

// Table keeps label sets, and with them what is counted, for one program. The zero Table is ready and holds
// DefaultSets. Finding a set takes no lock and allocates nothing (BenchmarkLookup); making one copies the table.
type Table struct {
	sets     atomic.Pointer[map[id]*Set]
	refused  atomic.Int64
	mu       sync.Mutex // held to make a set
	limit    int
	overflow map[id]*Set
}

// NewTable makes a table that holds limit sets, from 1 to MaxSets; 0 or less means DefaultSets.
func NewTable(limit int) *Table {
	return &Table{limit: min(limit, MaxSets)}
}

// Endpoint is the set of a service and an endpoint. When the table is full it is the one of the service and the
// endpoint "other". The endpoint must be a route or another name from a bounded list, never the raw path of a
// request.
func (t *Table) Endpoint(service, endpoint string) *Set {
	return t.set(id{outer: service, inner: endpoint})
}

// Task is the set of a task of a runner.
func (t *Table) Task(runner, task string) *Set {
	return t.set(id{outer: runner, inner: task, task: true})
}

// Each calls f for each set, those of "other" last, in no particular order otherwise.
func (t *Table) Each(f func(*Set)) {
	if t == nil {
		return
	}
	if sets := t.sets.Load(); sets != nil {
		for _, s := range *sets {
			f(s)
		}
	}
	for _, s := range t.overflowing() {
		f(s)
	}
}

// Len is the number of sets, and Limit how many there may be; up to 16 more hold what is over.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	n := len(t.overflow)
	t.mu.Unlock()
	if sets := t.sets.Load(); sets != nil {
		n += len(*sets)
	}
	return n
}

// Limit is how many sets the table holds.
func (t *Table) Limit() int {
	if t == nil {
		return 0
	}
	if t.limit <= 0 {
		return DefaultSets
	}
	return t.limit
}

// Refused counts how often a set was asked for that the table had no room for.
func (t *Table) Refused() int64 {
	if t == nil {
		return 0
	}
	return t.refused.Load()
}

func (t *Table) set(i id) *Set {
	if t == nil {
		return nil
	}
	i.outer, i.inner = cut(i.outer), cut(i.inner)
	if sets := t.sets.Load(); sets != nil {
		if s := (*sets)[i]; s != nil {
			return s
		}
	}
	return t.make(i)
}

func (t *Table) make(i id) *Set {
	i.outer, i.inner = strings.ToValidUTF8(i.outer, "\uFFFD"), strings.ToValidUTF8(i.inner, "\uFFFD")
	t.mu.Lock()
	defer t.mu.Unlock()
	var old map[id]*Set
	if sets := t.sets.Load(); sets != nil {
		old = *sets
	}
	if s := old[i]; s != nil {
		return s
	}
	if len(old) >= t.Limit() {
		t.refused.Add(1)
		return t.other(i)
	}
	sets := make(map[id]*Set, len(old)+1)
	maps.Copy(sets, old)
	s := newSet(i)
	sets[s.id] = s
	t.sets.Store(&sets)
	return s
}

// other is the set for what is over: one for each service or runner, and one for all when these are too many.
func (t *Table) other(i id) *Set {
	if t.overflow == nil {
		t.overflow = map[id]*Set{}
	}
	i.inner = Other
	if s := (*t.sets.Load())[i]; s != nil {
		return s
	}
	if s := t.overflow[i]; s != nil {
		return s
	}
	if len(t.overflow) >= maxOverflow-2 {
		i.outer = Other
	}
	s := t.overflow[i]
	if s == nil {
		s = newSet(i)
		t.overflow[s.id] = s
	}
	return s
}

func (t *Table) overflowing() []*Set {
	t.mu.Lock()
	defer t.mu.Unlock()
	sets := make([]*Set, 0, len(t.overflow))
	for _, s := range t.overflow {
		sets = append(sets, s)
	}
	return sets
}

// newSet copies the names, so that nothing longer is kept for their sake.
func newSet(i id) *Set {
	i.outer, i.inner = strings.Clone(i.outer), strings.Clone(i.inner)
	return &Set{id: i, labels: pprof.WithLabels(context.Background(), pprof.Labels(i.pairs()...))}
}

type tableKey struct{}

// WithTable is ctx with a table. Runners made from it, or from a context below it, count their tasks there.
func WithTable(ctx context.Context, t *Table) context.Context {
	return context.WithValue(ctx, tableKey{}, t)
}

// TableOf is the table of a context, nil where it has none.
func TableOf(ctx context.Context) *Table {
	t, _ := ctx.Value(tableKey{}).(*Table)
	return t
}
