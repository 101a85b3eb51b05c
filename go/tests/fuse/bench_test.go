// An uncontended lock: package sync, fuse, go-deadlock.

//lint:file-ignore SA2001 only the locking matters here

package fuse

import (
	"sync"
	"testing"

	"github.com/sasha-s/go-deadlock"

	"github.com/goherd/goherd/go/fuse"
)

func BenchmarkUncontended(b *testing.B) {
	b.Run("lock=sync", func(b *testing.B) {
		var m sync.Mutex
		b.ReportAllocs()
		for range b.N {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("lock=fuse", func(b *testing.B) {
		var m fuse.Mutex
		b.ReportAllocs()
		for range b.N {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("lock=fuse watched", func(b *testing.B) {
		var m fuse.Mutex
		m.Watch("bench")
		b.ReportAllocs()
		for range b.N {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("lock=go-deadlock", func(b *testing.B) {
		var m deadlock.Mutex
		b.ReportAllocs()
		for range b.N {
			m.Lock()
			m.Unlock()
		}
	})
}
