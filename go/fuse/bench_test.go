// What locks cost: beside package sync, unwatched, watched, and contended.

//lint:file-ignore SA2001 only the locking matters here

package fuse

import (
	"sync"
	"testing"
	"time"
)

func BenchmarkMutex(b *testing.B) {
	b.Run("sync", func(b *testing.B) {
		var m sync.Mutex
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("fuse", func(b *testing.B) {
		var m Mutex
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
}

func BenchmarkMutexWatched(b *testing.B) {
	var m Mutex
	m.Watch("bench")
	for b.Loop() {
		m.Lock()
		m.Unlock()
	}
}

func BenchmarkRWMutex(b *testing.B) {
	b.Run("sync/read", func(b *testing.B) {
		var m sync.RWMutex
		for b.Loop() {
			m.RLock()
			m.RUnlock()
		}
	})
	b.Run("fuse/read", func(b *testing.B) {
		var m RWMutex
		for b.Loop() {
			m.RLock()
			m.RUnlock()
		}
	})
	b.Run("sync/write", func(b *testing.B) {
		var m sync.RWMutex
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("fuse/write", func(b *testing.B) {
		var m RWMutex
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
}

func BenchmarkRWMutexWatched(b *testing.B) {
	var m RWMutex
	m.Watch("bench")
	for b.Loop() {
		m.RLock()
		m.RUnlock()
	}
}

// Two goroutines that want one lock all the time, beside package sync's.
func BenchmarkContended(b *testing.B) {
	run := func(b *testing.B, m sync.Locker) {
		b.ReportAllocs()
		n := 0
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				m.Lock()
				for range 50 {
					n++
				}
				m.Unlock()
			}
		})
	}
	b.Run("sync", func(b *testing.B) { run(b, new(sync.Mutex)) })
	b.Run("fuse", func(b *testing.B) {
		s, err := Start(b.Context(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Stop()
		run(b, new(Mutex))
	})
}

// A wait alone: listed, and unlisted again.
func BenchmarkWait(b *testing.B) {
	s, err := Start(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Stop()
	var m Mutex
	m.Watch("bench")
	b.ReportAllocs()
	for b.Loop() {
		enter(&m.rec, KindMutex, 1, "lock").leave()
	}
}

// A look at nobody.
func BenchmarkScan(b *testing.B) {
	s := &Scanner{opt: Options{}.defaults()}
	b.ReportAllocs()
	for b.Loop() {
		if s.find(time.Now()) {
			b.Fatal("found a waiter")
		}
	}
}

// A dump of 10,000 goroutines (stw-ms is what the service feels), and all of a trip.
func BenchmarkTrip(b *testing.B) {
	stop := make(chan struct{})
	var up, down sync.WaitGroup
	for range 10000 {
		up.Add(1)
		down.Add(1)
		go func() { defer down.Done(); up.Done(); <-stop }()
	}
	up.Wait()
	defer down.Wait()
	defer close(stop)
	dir := b.TempDir()
	var stopped time.Duration
	for b.Loop() {
		seen := look(256 << 20)
		stopped += seen.took
		if _, err := writeFile(dir, 1, seen.report(time.Second)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(stopped.Milliseconds())/float64(b.N), "stw-ms/op")
}
