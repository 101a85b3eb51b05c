// Real deadlocks of real locks, and what the reports say of them.

package fuse_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goherd/goherd/go/fuse"
	"github.com/goherd/goherd/go/internal/parked"
)

// hang is how long a test waits for what must happen.
const hang = 90 * time.Second

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// scan starts a scanner that ends with the test and sends its reports.
func scan(t testing.TB, opt fuse.Options) (*fuse.Scanner, chan *fuse.Report) {
	t.Helper()
	reports := make(chan *fuse.Report, 16)
	if opt.Logger == nil {
		opt.Logger = quiet
	}
	if opt.Observe == nil {
		opt.Observe = func(_ context.Context, r *fuse.Report, _ string) { reports <- r }
	}
	if opt.Every == 0 {
		opt.Every = -1
	}
	if opt.LeakEvery == 0 {
		opt.LeakEvery = -1
	}
	s, err := fuse.Start(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s, reports
}

// A trouble is goroutines that block each other. end undoes it.
type trouble struct {
	locks []*fuse.Mutex
	want  func(t *testing.T, r *fuse.Report, l []fuse.Lock, watched bool)
	end   func()
}

// counted keeps the sections from being empty. Locks of several tests add to it.
var counted atomic.Int64

//go:noinline
func lockBoth(first, second *fuse.Mutex, met *sync.WaitGroup) {
	first.Lock()
	met.Done()
	met.Wait()
	second.Lock()
	counted.Add(1)
	second.Unlock()
}

func abba(done *sync.WaitGroup, a, b *fuse.Mutex) trouble {
	var met sync.WaitGroup
	met.Add(2)
	done.Add(2)
	go func() { defer done.Done(); lockBoth(a, b, &met) }()
	go func() { defer done.Done(); lockBoth(b, a, &met) }()
	return trouble{
		locks: []*fuse.Mutex{a, b},
		end:   func() { a.Unlock(); b.Unlock() },
		want: func(t *testing.T, r *fuse.Report, l []fuse.Lock, watched bool) {
			if len(l[0].Waiters) != 1 || len(l[1].Waiters) != 1 {
				t.Fatalf("waiters %v and %v, want one each", l[0].Waiters, l[1].Waiters)
			}
			for i := range l {
				if got, want := holder(t, &l[i], watched), l[1-i].Waiters[0]; got != want {
					t.Errorf("lock %d is held by %d, want the other's waiter %d", i, got, want)
				}
			}
			both := []int64{l[0].Waiters[0], l[1].Waiters[0]}
			slices.Sort(both)
			if !slices.ContainsFunc(r.Cycles, func(c fuse.Cycle) bool {
				return slices.Equal(slices.Sorted(slices.Values(c.Goroutines)), both) && c.Known == watched && len(c.Locks) == 2
			}) {
				t.Errorf("cycles %+v, want one of %v, known: %v", r.Cycles, both, watched)
			}
			inFunc(t, r, both[0], "lockBoth")
		},
	}
}

//go:noinline
func lockTwice(m *fuse.Mutex) {
	m.Lock()
	m.Lock()
	counted.Add(1)
	m.Unlock()
}

func selfLock(done *sync.WaitGroup, m *fuse.Mutex) trouble {
	done.Add(1)
	go func() { defer done.Done(); lockTwice(m) }()
	return trouble{
		locks: []*fuse.Mutex{m},
		end:   func() { m.Unlock() },
		want: func(t *testing.T, r *fuse.Report, l []fuse.Lock, watched bool) {
			if len(l[0].Waiters) != 1 {
				t.Fatalf("waiters %v, want one", l[0].Waiters)
			}
			id := l[0].Waiters[0]
			if got := holder(t, &l[0], watched); got != id {
				t.Errorf("held by %d, want the waiter %d itself", got, id)
			}
			if !slices.ContainsFunc(r.Cycles, func(c fuse.Cycle) bool { return slices.Equal(c.Goroutines, []int64{id}) && c.Known == watched }) {
				t.Errorf("cycles %+v, want one of %d alone", r.Cycles, id)
			}
			inFunc(t, r, id, "lockTwice")
		},
	}
}

//go:noinline
func holdAndReceive(m *fuse.Mutex, c chan int, locked chan struct{}) {
	m.Lock()
	close(locked)
	counted.Add(int64(<-c))
	m.Unlock()
}

//go:noinline
func waitFor(m *fuse.Mutex) {
	m.Lock()
	counted.Add(1)
	m.Unlock()
}

func holderOnChannel(done *sync.WaitGroup, m *fuse.Mutex) trouble {
	c, locked := make(chan int), make(chan struct{})
	done.Add(3)
	go func() { defer done.Done(); holdAndReceive(m, c, locked) }()
	<-locked
	for range 2 {
		go func() { defer done.Done(); waitFor(m) }()
	}
	return trouble{
		locks: []*fuse.Mutex{m},
		end:   func() { close(c) },
		want: func(t *testing.T, r *fuse.Report, l []fuse.Lock, watched bool) {
			if len(l[0].Waiters) != 2 {
				t.Errorf("waiters %v, want two", l[0].Waiters)
			}
			id := holder(t, &l[0], watched)
			if slices.Contains(l[0].Waiters, id) {
				t.Errorf("held by %d, a waiter", id)
			}
			inFunc(t, r, id, "holdAndReceive")
			if watched && (l[0].Holders[0].State != "chan receive" || !strings.HasSuffix(l[0].Holders[0].At.Func, ".holdAndReceive")) {
				t.Errorf("holder %+v at %+v, want a chan receive in holdAndReceive", l[0].Holders[0], l[0].Holders[0].At)
			}
		},
	}
}

func missingUnlock(done *sync.WaitGroup, m *fuse.Mutex) trouble {
	gone := make(chan struct{})
	go func() { defer close(gone); m.Lock() }()
	<-gone
	runtime.Gosched()
	done.Add(2)
	for range 2 {
		go func() { defer done.Done(); waitFor(m) }()
	}
	return trouble{
		locks: []*fuse.Mutex{m},
		end:   func() { m.Unlock() },
		want: func(t *testing.T, r *fuse.Report, l []fuse.Lock, watched bool) {
			if len(l[0].Waiters) != 2 || l[0].HolderKnown != watched {
				t.Fatalf("waiters %v, holder known %v", l[0].Waiters, l[0].HolderKnown)
			}
			if watched && !l[0].Holders[0].Ended {
				t.Errorf("holder %+v, want one that has ended", l[0].Holders[0])
			}
			if !watched && len(l[0].Guesses) != 0 {
				t.Errorf("guesses %+v of a holder that is gone", l[0].Guesses)
			}
		},
	}
}

// holder is the known holder of a watched lock, the best guess of another.
func holder(t *testing.T, l *fuse.Lock, watched bool) int64 {
	t.Helper()
	if l.HolderKnown != watched {
		t.Fatalf("lock %+v: holder known %v, want %v", l, l.HolderKnown, watched)
	}
	if watched {
		return l.Holders[0].Goroutine
	}
	if len(l.Guesses) == 0 {
		t.Fatalf("lock %+v: no guess", l)
	}
	return l.Guesses[0].Goroutine
}

// inFunc wants the goroutine to be in the report, with the function on its stack.
func inFunc(t *testing.T, r *fuse.Report, id int64, fn string) {
	t.Helper()
	i := slices.IndexFunc(r.Goroutines, func(g fuse.Goroutine) bool { return g.ID == id })
	if i < 0 {
		t.Fatalf("goroutine %d is not in the report", id)
	}
	frames := r.Stacks[r.Goroutines[i].Stack].Frames
	if !slices.ContainsFunc(frames, func(p fuse.Place) bool { return strings.HasSuffix(p.Func, "."+fn) && p.Line > 0 }) {
		t.Errorf("goroutine %d stands in %v, want %s", id, frames, fn)
	}
}

// find returns the lock of a report, or nil.
func find(r *fuse.Report, m *fuse.Mutex) *fuse.Lock {
	i := slices.IndexFunc(r.Locks, func(l fuse.Lock) bool { return l.Address == fuse.Address(m) })
	if i < 0 {
		return nil
	}
	return &r.Locks[i]
}

var troubles = map[string]func(*sync.WaitGroup, []fuse.Mutex) trouble{
	"AB-BA":             func(d *sync.WaitGroup, m []fuse.Mutex) trouble { return abba(d, &m[0], &m[1]) },
	"self-lock":         func(d *sync.WaitGroup, m []fuse.Mutex) trouble { return selfLock(d, &m[0]) },
	"holder on channel": func(d *sync.WaitGroup, m []fuse.Mutex) trouble { return holderOnChannel(d, &m[0]) },
	"missing unlock":    func(d *sync.WaitGroup, m []fuse.Mutex) trouble { return missingUnlock(d, &m[0]) },
}

// Each kind of deadlock, with watched locks and with plain ones, in one process
// of 10,000 goroutines and with the default limit.
func TestDeadlocksAt10000Goroutines(t *testing.T) {
	parked.Start(t, 10000)
	_, reports := scan(t, fuse.Options{Dir: t.TempDir()})
	var done sync.WaitGroup
	type running struct {
		name    string
		watched bool
		trouble trouble
	}
	var all []running
	for name, start := range troubles {
		for _, watched := range []bool{true, false} {
			m := make([]fuse.Mutex, 2)
			if watched {
				m[0].Watch(name + " a")
				m[1].Watch(name + " b")
			}
			all = append(all, running{name, watched, start(&done, m)})
		}
	}
	begun := time.Now()
	t.Cleanup(func() {
		for _, r := range all {
			r.trouble.end()
		}
		done.Wait()
	})
	guard := time.After(hang)
	for len(all) > 0 {
		var r *fuse.Report
		select {
		case r = <-reports:
		case <-guard:
			t.Fatalf("no report of %v", all)
		}
		took := time.Since(begun)
		t.Logf("report after %.2f s: %d goroutines, dump %.0f ms", took.Seconds(), r.Total, r.DumpMs)
		if os.Getenv("GOHERD_STRICT") != "" && took > 7*time.Second {
			t.Errorf("report after %v, more than 7 s", took)
		}
		if r.Total < 10000 || r.Truncated || r.States["chan receive"] < 9000 {
			t.Errorf("%d goroutines, truncated %v, states %v", r.Total, r.Truncated, r.States)
		}
		all = slices.DeleteFunc(all, func(s running) bool {
			var locks []fuse.Lock
			for _, m := range s.trouble.locks {
				l := find(r, m)
				if l == nil {
					return false
				}
				locks = append(locks, *l)
			}
			name := s.name + ", plain"
			if s.watched {
				name = s.name + ", watched"
			}
			t.Run(name, func(t *testing.T) {
				s.trouble.want(t, r, locks, s.watched)
				if s.watched && (locks[0].Name != s.name+" a" || !strings.HasSuffix(locks[0].MadeAt.File, "scenario_test.go")) {
					t.Errorf("name %q, made at %+v", locks[0].Name, locks[0].MadeAt)
				}
			})
			defer s.trouble.end()
			return true
		})
	}
}

// A lock that was waited for before is known to be held, without Watch.
func TestHolderKnownAfterFirstWait(t *testing.T) {
	_, reports := scan(t, fuse.Options{Limit: 200 * time.Millisecond})
	var m fuse.Mutex
	m.Lock()
	var done sync.WaitGroup
	done.Add(1)
	go func() { defer done.Done(); waitFor(&m) }()
	for fuse.Waiting() == 0 {
		runtime.Gosched()
	}
	m.Unlock()
	done.Wait()
	c, locked := make(chan int), make(chan struct{})
	done.Add(2)
	go func() { defer done.Done(); holdAndReceive(&m, c, locked) }()
	<-locked
	go func() { defer done.Done(); waitFor(&m) }()
	r := next(t, reports)
	close(c)
	done.Wait()
	l := find(r, &m)
	if l == nil || !l.HolderKnown || !strings.HasSuffix(l.Holders[0].At.Func, ".holdAndReceive") {
		t.Errorf("lock %+v, want it held in holdAndReceive", l)
	}
}

func next(t *testing.T, reports chan *fuse.Report) *fuse.Report {
	t.Helper()
	select {
	case r := <-reports:
		return r
	case <-time.After(hang):
		t.Fatal("no report")
		return nil
	}
}

// A reader that reads again while a writer waits, and a writer behind readers.
func TestRWMutexHolders(t *testing.T) {
	_, reports := scan(t, fuse.Options{Limit: 200 * time.Millisecond, Dir: t.TempDir()})
	var rw fuse.RWMutex
	rw.Watch("table")
	var done sync.WaitGroup
	locked, again := make(chan struct{}), make(chan struct{})
	done.Add(2)
	go func() {
		defer done.Done()
		rw.RLock()
		close(locked)
		<-again
		rw.RLock()
		counted.Add(1)
		rw.RUnlock()
	}()
	<-locked
	go func() { defer done.Done(); rw.Lock(); counted.Add(1); rw.Unlock() }()
	for fuse.Waiting() == 0 {
		runtime.Gosched()
	}
	close(again)
	var r *fuse.Report
	for r = next(t, reports); len(r.Waiters) < 2; r = next(t, reports) {
		if r.Locks[0].HolderKnown && len(r.Locks[0].Holders) == 1 && r.Locks[0].Holders[0].Mode == "rlock" {
			break // the second reader came after the dump
		}
	}
	rw.RUnlock()
	done.Wait()
	l := r.Locks[0]
	if l.Name != "table" || !l.HolderKnown || len(l.Holders) != 1 || l.Holders[0].Mode != "rlock" {
		t.Errorf("lock %+v, want one reader known", l)
	}
	if len(r.Waiters) == 2 && len(r.Cycles) != 1 {
		t.Errorf("cycles %+v, want the reader and itself", r.Cycles)
	}
}

// The file is complete JSON under its last name, without arguments, and old
// ones go.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	_, reports := scan(t, fuse.Options{Limit: 20 * time.Millisecond, Dir: dir, Keep: 2})
	for range 4 {
		var m fuse.Mutex
		var done sync.WaitGroup
		trouble := selfLock(&done, &m)
		next(t, reports)
		trouble.end()
		done.Wait()
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d files, %v; want the newest 2", len(entries), err)
	}
	r := readReport(t, filepath.Join(dir, entries[1].Name()))
	if r.Schema != fuse.Schema || r.Reason != "blocked" || r.PID != os.Getpid() || len(r.Graph.Edges) == 0 || len(r.Waiters) != 1 {
		t.Errorf("read back %+v", r)
	}
	n := slices.IndexFunc(r.Graph.Nodes, func(n fuse.Node) bool { return strings.HasSuffix(n.Func, ".lockTwice") })
	if n < 0 || !slices.ContainsFunc(r.Graph.Edges, func(e fuse.Edge) bool {
		return e.From == n && strings.Contains(r.Graph.Nodes[e.To].Func, ".(*Mutex).")
	}) {
		t.Error("the graph has no call from lockTwice into a Mutex")
	}
}
