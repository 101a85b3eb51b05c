// Counts all goroutines of the process by their labels.

package account

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goherd/goherd/go/internal/profile"
)

// MaxCounted is the number of goroutines above which Count refuses: at microseconds for each, a profile of more
// would be felt.
const MaxCounted = 250_000

// Label is one label of a goroutine.
type Label = profile.Label

// LabelSet is how many goroutines wear the same labels.
type LabelSet struct {
	Labels []Label // in order of their keys; empty for goroutines without any
	Count  int64
}

// Value is the value of a label, empty where there is none.
func (s LabelSet) Value(key string) string {
	for _, l := range s.Labels {
		if l.Key == key {
			return l.Value
		}
	}
	return ""
}

// Goroutines is a count of all goroutines at one time.
type Goroutines struct {
	At    time.Time
	Total int64
	Sets  []LabelSet // the most frequent first
}

// Count takes one goroutine profile. It returns an error above MaxCounted goroutines.
func Count() (Goroutines, error) {
	at := time.Now()
	if n := runtime.NumGoroutine(); n > MaxCounted {
		return Goroutines{At: at, Total: int64(n)}, fmt.Errorf("%d goroutines are more than %d", n, MaxCounted)
	}
	p, err := profile.Take()
	if err != nil {
		return Goroutines{At: at, Total: int64(runtime.NumGoroutine())}, err
	}
	g := Goroutines{At: at, Total: p.Total()}
	index := map[string]int{}
	var key strings.Builder
	for i := range p.Samples {
		s := &p.Samples[i]
		key.Reset()
		for _, l := range s.Labels {
			key.WriteString(strconv.Itoa(len(l.Key)))
			key.WriteByte(' ')
			key.WriteString(l.Key)
			key.WriteString(strconv.Itoa(len(l.Value)))
			key.WriteByte(' ')
			key.WriteString(l.Value)
		}
		at, ok := index[key.String()]
		if !ok {
			at = len(g.Sets)
			index[key.String()] = at
			g.Sets = append(g.Sets, LabelSet{Labels: s.Labels})
		}
		g.Sets[at].Count += s.Count
	}
	slices.SortFunc(g.Sets, func(a, b LabelSet) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return slices.CompareFunc(a.Labels, b.Labels, func(x, y Label) int {
			if c := strings.Compare(x.Key, y.Key); c != 0 {
				return c
			}
			return strings.Compare(x.Value, y.Value)
		})
	})
	return g, nil
}

// appendGoroutines writes a count: up to 1,000 label sets, and the sum of the others.
func appendGoroutines(b []byte, count func() (Goroutines, error)) []byte {
	g, err := count()
	b = append(b, `{"at":"`...)
	b = g.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","total":`...)
	b = strconv.AppendInt(b, g.Total, 10)
	if err != nil {
		b = append(b, `,"error":`...)
		return append(appendString(b, err.Error()), '}')
	}
	listed := g.Sets[:min(len(g.Sets), maxListed)]
	b = append(b, `,"sets":[`...)
	for i, s := range listed {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"labels":{`...)
		for j, l := range s.Labels {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, l.Key), ':')
			b = appendString(b, l.Value)
		}
		b = append(b, `},"count":`...)
		b = append(strconv.AppendInt(b, s.Count, 10), '}')
	}
	b = append(b, `],"other":{"sets":`...)
	b = strconv.AppendInt(b, int64(len(g.Sets)-len(listed)), 10)
	b = append(b, `,"count":`...)
	var rest int64
	for _, s := range g.Sets[len(listed):] {
		rest += s.Count
	}
	return append(strconv.AppendInt(b, rest, 10), '}', '}')
}
