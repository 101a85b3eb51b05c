// Locks that are wanted all the time, and sometimes held long, but never too long: the scanner stays silent.

package fuse

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goherd/goherd/go/fuse"
)

// TestHealthy runs for 10 seconds, or for as long as FUSE_HEALTHY says (10m).
func TestHealthy(t *testing.T) {
	defer goleak.VerifyNone(t)
	length := 10 * time.Second
	if s := os.Getenv("FUSE_HEALTHY"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	s, err := fuse.Start(context.Background(), fuse.Options{Dir: t.TempDir(), Every: -1, LeakEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()

	var short, long fuse.Mutex
	var table fuse.RWMutex
	table.Watch("table")
	var idle fuse.WaitGroup // waited for all the time, without a limit
	idle.Add(1)
	cond := fuse.NewCond(&long)
	var done sync.WaitGroup
	var locked, slow atomic.Int64
	work := func(every time.Duration, fn func()) {
		done.Add(1)
		go func() {
			defer done.Done()
			for tick := time.NewTicker(every); ; {
				select {
				case <-ctx.Done():
					tick.Stop()
					return
				case <-tick.C:
					fn()
				}
			}
		}()
	}
	for range 8 {
		work(2*time.Millisecond, func() {
			for range 50 {
				short.Lock()
				locked.Add(1)
				short.Unlock()
			}
			table.RLock()
			locked.Add(1)
			table.RUnlock()
		})
		work(100*time.Millisecond, func() { // eight of them queue for a quarter of a second each: 2 s at most
			long.Lock()
			time.Sleep(250 * time.Millisecond)
			slow.Add(1)
			long.Unlock()
		})
	}
	work(20*time.Millisecond, func() { table.Lock(); time.Sleep(time.Millisecond); table.Unlock() })
	done.Add(2)
	go func() { defer done.Done(); idle.Wait() }()
	go func() {
		defer done.Done()
		long.Lock()
		for ctx.Err() == nil {
			cond.Wait()
		}
		long.Unlock()
	}()
	<-ctx.Done()
	idle.Done()
	long.Lock()
	cond.Broadcast()
	long.Unlock()
	done.Wait()
	if n := s.Reports() + s.Suppressed(); n != 0 {
		t.Errorf("%d reports in %v of healthy contention", n, length)
	}
	t.Logf("%v: locked %d times, %d long sections, no report", length, locked.Load(), slow.Load())
	if slow.Load() == 0 {
		t.Error("nothing was ever held long")
	}
}
