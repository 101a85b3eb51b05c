// Tests of how figures of the runtime are written.

package account

import (
	"encoding/json"
	"math"
	"runtime/metrics"
	"testing"
)

func TestHistogram(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		counts  []uint64
		buckets []float64
		want    string
	}{
		{[]uint64{0, 0}, []float64{0, 1, 2}, `{"count":0,"p50":0,"p99":0,"max":0}`},
		{[]uint64{0, 1, 0}, []float64{0, 1, 2, 3}, `{"count":1,"p50":2,"p99":2,"max":2}`},
		{[]uint64{1, 1, 0}, []float64{0, 1, 2, 3}, `{"count":2,"p50":1,"p99":2,"max":2}`},
		{[]uint64{99, 1}, []float64{0, 1, 2}, `{"count":100,"p50":1,"p99":1,"max":2}`},
		{[]uint64{98, 2}, []float64{0, 1, 2}, `{"count":100,"p50":1,"p99":2,"max":2}`},
		{[]uint64{1, 0, 3}, []float64{-inf, 1, 2, inf}, `{"count":4,"p50":2,"p99":2,"max":2}`},
		{[]uint64{2}, []float64{-inf, inf}, `{"count":2,"p50":null,"p99":null,"max":null}`},
	} {
		got := string(appendHistogram(nil, &metrics.Float64Histogram{Counts: c.counts, Buckets: c.buckets}))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%v in %v: %s, want %s", c.counts, c.buckets, got, c.want)
		}
	}
}

// TestWantedAreKnown tells when a Go version drops or renames a metric that all supported versions have.
func TestWantedAreKnown(t *testing.T) {
	since126 := map[string]bool{"goroutines_created": true, "goroutines_running": true, "goroutines_runnable": true,
		"goroutines_waiting": true, "goroutines_not_in_go": true, "threads": true}
	known := map[string]bool{}
	for _, key := range newMetricSet().keys {
		known[key] = true
	}
	for _, w := range wanted {
		if !known[w.key] && !since126[w.key] {
			t.Errorf("%s is not known here", w.metric)
		}
	}
}
