// The runtime's figures as JSON.

package account

import (
	"math"
	"runtime/metrics"
	"strconv"
	"sync"
)

// wanted is the figures that are worth having, by the names that they have in the JSON. What a Go version does
// not know is left out.
var wanted = []struct{ key, metric string }{
	{"goroutines", "/sched/goroutines:goroutines"},
	{"goroutines_created", "/sched/goroutines-created:goroutines"},
	{"goroutines_running", "/sched/goroutines/running:goroutines"},
	{"goroutines_runnable", "/sched/goroutines/runnable:goroutines"},
	{"goroutines_waiting", "/sched/goroutines/waiting:goroutines"},
	{"goroutines_not_in_go", "/sched/goroutines/not-in-go:goroutines"},
	{"threads", "/sched/threads/total:threads"},
	{"gomaxprocs", "/sched/gomaxprocs:threads"},
	{"gc_cycles", "/gc/cycles/total:gc-cycles"},
	{"gc_percent", "/gc/gogc:percent"},
	{"memory_limit_bytes", "/gc/gomemlimit:bytes"},
	{"heap_live_bytes", "/gc/heap/live:bytes"},
	{"heap_goal_bytes", "/gc/heap/goal:bytes"},
	{"heap_objects", "/gc/heap/objects:objects"},
	{"allocated_bytes", "/gc/heap/allocs:bytes"},
	{"allocated_objects", "/gc/heap/allocs:objects"},
	{"stack_bytes", "/memory/classes/heap/stacks:bytes"},
	{"memory_bytes", "/memory/classes/total:bytes"},
	{"memory_released_bytes", "/memory/classes/heap/released:bytes"},
	{"gc_cpu_s", "/cpu/classes/gc/total:cpu-seconds"},
	{"cpu_s", "/cpu/classes/total:cpu-seconds"},
	{"lock_wait_s", "/sync/mutex/wait/total:seconds"},
	{"gc_pause_s", "/sched/pauses/total/gc:seconds"},
	{"sched_latency_s", "/sched/latencies:seconds"},
}

// metricSet reads the wanted metrics into the same samples each time.
type metricSet struct {
	mu      sync.Mutex
	keys    []string
	samples []metrics.Sample
}

func newMetricSet() *metricSet {
	known := map[string]bool{}
	for _, d := range metrics.All() {
		known[d.Name] = true
	}
	var m metricSet
	for _, w := range wanted {
		if known[w.metric] {
			m.keys = append(m.keys, w.key)
			m.samples = append(m.samples, metrics.Sample{Name: w.metric})
		}
	}
	return &m
}

// append reads and writes all figures.
func (m *metricSet) append(b []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	metrics.Read(m.samples)
	b = append(b, '{')
	for i, key := range m.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		switch v := m.samples[i].Value; v.Kind() {
		case metrics.KindUint64:
			b = strconv.AppendUint(b, v.Uint64(), 10)
		case metrics.KindFloat64:
			b = appendFloat(b, v.Float64())
		case metrics.KindFloat64Histogram:
			b = appendHistogram(b, v.Float64Histogram())
		default:
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

// appendHistogram writes how many values there were since the start of the process, and the upper bounds of the
// buckets that hold the median, the 99th percentile and the maximum.
func appendHistogram(b []byte, h *metrics.Float64Histogram) []byte {
	var total uint64
	for _, n := range h.Counts {
		total += n
	}
	b = append(b, `{"count":`...)
	b = strconv.AppendUint(b, total, 10)
	for _, q := range [...]struct {
		key  string
		rank uint64 // how many values are at or below it, at least
	}{
		{"p50", total - total/2},
		{"p99", total - total/100},
		{"max", total},
	} {
		b = append(b, `,"`...)
		b = append(b, q.key...)
		b = append(b, `":`...)
		b = appendFloat(b, bound(h, q.rank))
	}
	return append(b, '}')
}

// bound is the upper bound of the bucket that holds the value of a rank, or its lower one where it has no upper;
// 0 for rank 0.
func bound(h *metrics.Float64Histogram, rank uint64) float64 {
	var seen uint64
	for i, n := range h.Counts {
		if seen += n; seen >= rank && n > 0 {
			if upper := h.Buckets[i+1]; !math.IsInf(upper, 0) {
				return upper
			}
			return h.Buckets[i]
		}
	}
	return 0
}

// appendFloat writes what JSON has no number for as null.
func appendFloat(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', 9, 64)
}
