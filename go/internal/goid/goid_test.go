// The number against the one that a stack trace begins with.

package goid

import (
	"runtime"
	"sync"
	"testing"
)

// The fast number is the one that dumps print, in fresh and in reused goroutines.
func TestGet(t *testing.T) {
	Get()
	fast := runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"
	if fast && offset.Load() <= 0 {
		t.Errorf("offset %d: not found in %s", offset.Load(), runtime.Version())
	}
	var done sync.WaitGroup
	for range 500 {
		done.Add(1)
		go func() {
			defer done.Done()
			if id, traced := Get(), Traced(); id != traced || id == 0 {
				t.Errorf("number %d, the trace says %d", id, traced)
			}
		}()
	}
	done.Wait()
}

func BenchmarkGet(b *testing.B) {
	for b.Loop() {
		Get()
	}
}
