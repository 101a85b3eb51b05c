// Labels of goroutines are in the report where the runtime prints them.

package fuse

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/fuse"
)

func TestLabels(t *testing.T) {
	if os.Getenv("FUSE_TEST_LABELS") == "" { // the runtime reads the setting at the start of a process
		child := exec.Command(os.Args[0], "-test.run=^TestLabels$", "-test.v")
		child.Env = append(os.Environ(), "FUSE_TEST_LABELS=1", "GODEBUG=tracebacklabels=1")
		if out, err := child.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestLabels")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	reports := make(chan *fuse.Report, 1)
	s, err := fuse.Start(t.Context(), fuse.Options{
		Limit: 50 * time.Millisecond, LeakEvery: -1,
		Observe: func(_ context.Context, r *fuse.Report, _ string) { reports <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	labels := map[string]string{"service": "auth", "endpoint": "GET /a, b}:"}
	var m fuse.Mutex
	m.Lock()
	var done sync.WaitGroup
	done.Add(1)
	go pprof.Do(t.Context(), pprof.Labels("service", labels["service"], "endpoint", labels["endpoint"]), func(context.Context) {
		defer done.Done()
		m.Lock()
		defer m.Unlock()
	})
	var r *fuse.Report
	select {
	case r = <-reports:
	case <-time.After(time.Minute):
		t.Fatal("no report")
	}
	m.Unlock()
	done.Wait()
	for _, g := range r.Goroutines {
		if g.ID == r.Waiters[0].Goroutine && maps.Equal(g.Labels, labels) {
			return
		}
	}
	t.Errorf("no goroutine %d with labels %v in %+v", r.Waiters[0].Goroutine, labels, r.Goroutines)
}
