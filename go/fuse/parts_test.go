// The parts below the scanner: drop-in locks, goroutine numbers, the reader of dumps, what it all costs.

//lint:file-ignore SA2001 only the locking matters here

package fuse

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The locks exclude each other, with and without a scanner, watched or not.
func TestLocksExclude(t *testing.T) {
	for _, scanning := range []bool{false, true} {
		for _, watch := range []bool{false, true} {
			if scanning {
				s, err := Start(t.Context(), Options{Tick: time.Millisecond})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Stop()
			}
			var m Mutex
			var rw RWMutex
			if watch {
				m.Watch("m")
				rw.Watch("rw")
			}
			var done sync.WaitGroup
			byMutex, byWriter, inWriter := 0, 0, atomic.Bool{}
			for range 8 {
				done.Add(1)
				go func() {
					defer done.Done()
					for range 2000 {
						if !m.TryLock() {
							m.Lock()
						}
						byMutex++
						m.Unlock()
						if !rw.TryRLock() {
							rw.RLocker().Lock()
						}
						if inWriter.Load() {
							t.Error("a reader beside a writer")
						}
						rw.RLocker().Unlock()
						if !rw.TryLock() {
							rw.Lock()
						}
						inWriter.Store(true)
						byWriter++
						inWriter.Store(false)
						rw.Unlock()
					}
				}()
			}
			done.Wait()
			if byMutex != 16000 || byWriter != 16000 {
				t.Errorf("scanning %v, watch %v: counted %d and %d, want 16000", scanning, watch, byMutex, byWriter)
			}
			if r := rw.rec.Load(); r != nil {
				if ids, _ := r.readerIDs(); len(ids) > 0 && !r.foreign {
					t.Errorf("readers %v are left over", ids)
				}
				if r.holder.Load() != 0 {
					t.Error("a writer is left over")
				}
			}
		}
	}
}

// A read lock that another goroutine gives back makes the table untrusted, not
// wrong.
func TestForeignRUnlock(t *testing.T) {
	var rw RWMutex
	rw.Watch("rw")
	rw.RLock()
	done := make(chan struct{})
	go func() { defer close(done); rw.RUnlock() }()
	<-done
	if ids, known := rw.rec.Load().readerIDs(); known {
		t.Errorf("readers %v said to be known", ids)
	}
}

func TestCondWakes(t *testing.T) {
	var m Mutex
	c := NewCond(&m)
	c.Watch("c", time.Hour)
	ready, woken := false, make(chan struct{})
	go func() {
		m.Lock()
		for !ready {
			c.Wait()
		}
		m.Unlock()
		close(woken)
	}()
	m.Lock()
	ready = true
	m.Unlock()
	c.Broadcast()
	<-woken
	var wg WaitGroup
	wg.Watch("wg", -1)
	if wg.rec.Load() != nil {
		t.Error("a limit below 0 is watched")
	}
	wg.Wait()
}

// The fast number is the one that dumps print, in fresh and in reused goroutines.
func TestGoid(t *testing.T) {
	goid()
	fast := runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"
	if fast && goidOffset.Load() <= 0 {
		t.Errorf("offset %d: not found in %s", goidOffset.Load(), runtime.Version())
	}
	var done sync.WaitGroup
	for range 500 {
		done.Add(1)
		go func() {
			defer done.Done()
			if id, traced := goid(), tracedGoid(); id != traced || id == 0 {
				t.Errorf("goid %d, the trace says %d", id, traced)
			}
		}()
	}
	done.Wait()
}

func TestStateFirst(t *testing.T) {
	var m Mutex
	for i := range 3 {
		m.Lock()
		if m.TryLock() || m.mu.TryLock() {
			t.Fatalf("round %d: locked twice", i)
		}
		m.Unlock()
	}
}

func TestParseHead(t *testing.T) {
	labels := map[string]string{"endpoint": "/login", "service": "auth"}
	for head, want := range map[string]goroutine{
		"goroutine 1 [running]:":                                                                   {id: 1, state: "running"},
		"goroutine 7 [chan receive, 2 minutes]:":                                                   {id: 7, state: "chan receive", minutes: 2},
		"goroutine 7 [chan receive (leaked)]:":                                                     {id: 7, state: "chan receive", leaked: true},
		"goroutine 7 [sync.Mutex.Lock, 12 minutes, locked to thread]:":                             {id: 7, state: "sync.Mutex.Lock", minutes: 12},
		"goroutine 7 gp=0xc000 m=nil [select (no cases)]:":                                         {id: 7, state: "select (no cases)"},
		`goroutine 19 [chan receive labels:{"endpoint": "/login", "service": "auth"}]:`:            {id: 19, state: "chan receive", labels: labels},
		"goroutine 19 [chan receive] {endpoint: /login, service: auth}:":                           {id: 19, state: "chan receive", labels: labels},
		`goroutine 19 [select, 1 minutes] {"a]b": "c}", service: auth}:`:                           {id: 19, state: "select", minutes: 1, labels: map[string]string{"a]b": "c}", "service": "auth"}},
		`goroutine 19 [chan receive, 3 minutes labels:{"endpoint": "/login", "service": "auth"}]:`: {id: 19, state: "chan receive", minutes: 3, labels: labels},
	} {
		got, ok := parseHead(head)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", head, got, want)
		}
	}
	for _, head := range []string{"", "panic: x", "goroutine x [running]:", "goroutine 7", "goroutine 7 running"} {
		if g, ok := parseHead(head); ok {
			t.Errorf("%q was read as %+v", head, g)
		}
	}
}

// Each goroutine of a real dump is read with frames and creator, and any cut of
// it is survived.
func TestParseDump(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	up := make(chan struct{})
	go func() { close(up); <-stop }()
	<-up
	text, cut := takeDump(64 << 20)
	if cut {
		t.Fatal("cut at 64 MiB")
	}
	all := parseDump(text)
	if n := strings.Count(string(text), "\ngoroutine ") + 1; len(all) != n {
		t.Errorf("%d goroutines of %d", len(all), n)
	}
	for _, g := range all {
		for _, f := range g.frames {
			if f.fn == "" || !strings.HasSuffix(f.file, ".go") && !strings.HasSuffix(f.file, ".s") || f.line == 0 {
				t.Errorf("goroutine %d has the frame %+v", g.id, f)
			}
		}
		if g.id > 1 && g.createdBy.fn == "" {
			t.Errorf("goroutine %d has no creator", g.id)
		}
	}
	for i := range min(len(text), 8192) {
		parseDump(text[:i])
	}
	if short, cut := takeDump(100); !cut || len(short) != 100 {
		t.Errorf("a dump of 100 bytes has %d and is said to be cut: %v", len(short), cut)
	}
}

func FuzzParseDump(f *testing.F) {
	text, _ := takeDump(1 << 20)
	f.Add(text)
	f.Add([]byte("goroutine 7 [select] {a: b, \"c\": \"d\"}:\nf(0x1, {0x2, 0x3})\n\t/f.go:1 +0x1\ncreated by g in goroutine 1\n\t/g.go:2 +0x2\n"))
	f.Add([]byte("goroutine 7 [a labels:{\"x\": \"y\"}]:\n...3 frames elided...\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dump := parseDump(text)
		seen := &sight{at: time.Now(), held: map[*record][]holding{}}
		seen.read(dump)
		for i, g := range dump {
			if i < 8 {
				rec := &record{kind: KindMutex, address: uintptr(i) * 64}
				seen.waits = append(seen.waits, wait{rec: rec, goroutine: g.id})
				if i%2 == 0 {
					seen.held[rec] = []holding{{dump[(i+1)%len(dump)].id, "lock"}}
				}
			}
		}
		r := seen.report(time.Second)
		sum := 0
		for _, s := range r.Stacks {
			sum += s.Count
		}
		if sum != len(dump) || len(r.Goroutines) != len(dump) {
			t.Errorf("%d goroutines, %d in stacks", len(dump), sum)
		}
	})
}

// Neither an uncontended nor a watched lock allocates.
func TestAllocations(t *testing.T) {
	var plain, watched Mutex
	watched.Watch("w")
	if n := testing.AllocsPerRun(1000, func() {
		plain.Lock()
		watched.Lock()
		watched.Unlock()
		plain.Unlock()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
