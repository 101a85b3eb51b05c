// The parts below the scanner: drop-in locks, goroutine numbers, the reader of dumps, what it all costs.

//lint:file-ignore SA2001 only the locking matters here

package fuse

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goherd/goherd/go/internal/stacks"
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

// Whatever goroutines are in it, each is in the report, under one stack.
func FuzzReport(f *testing.F) {
	text, _ := stacks.Take(1 << 20)
	f.Add(text)
	f.Add([]byte("goroutine 7 [select] {a: b, \"c\": \"d\"}:\nf(0x1, {0x2, 0x3})\n\t/f.go:1 +0x1\ncreated by g in goroutine 1\n\t/g.go:2 +0x2\n"))
	f.Add([]byte("goroutine 7 [a labels:{\"x\": \"y\"}]:\n...3 frames elided...\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dump := stacks.Parse(text)
		seen := &sight{at: time.Now(), held: map[*record][]holding{}}
		seen.read(dump)
		for i, g := range dump {
			if i < 8 {
				rec := &record{kind: KindMutex, address: uintptr(i) * 64}
				seen.waits = append(seen.waits, wait{rec: rec, goroutine: g.ID})
				if i%2 == 0 {
					seen.held[rec] = []holding{{dump[(i+1)%len(dump)].ID, "lock"}}
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
