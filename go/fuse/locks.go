// Mutex and RWMutex: the locks of package sync with a record of who waits and who holds.

package fuse

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goherd/goherd/go/internal/goid"
)

// A Mutex is a [sync.Mutex] whose waiters a [Scanner] sees. The zero value is
// an unlocked mutex; it must not be copied after its first use.
//
// As long as nobody has had to wait for it, it keeps no record and costs what
// sync.Mutex costs (BenchmarkMutex). From the first wait on, or from Watch on,
// it also remembers which goroutine holds it (BenchmarkMutexWatched).
type Mutex struct {
	mu  sync.Mutex
	rec atomic.Pointer[record]
}

// Lock locks m, as [sync.Mutex.Lock].
func (m *Mutex) Lock() {
	if locked := m.lockFast(); !locked || m.rec.Load() != nil {
		m.lockRecorded(locked)
	}
}

// TryLock tries to lock m and reports whether it did.
func (m *Mutex) TryLock() bool {
	if !m.mu.TryLock() {
		return false
	}
	if r := m.rec.Load(); r != nil {
		r.holder.Store(goid.Get())
	}
	return true
}

// Unlock unlocks m. As with sync.Mutex, any goroutine may do so, and it is a
// fatal error when m is not locked.
//
// The holder stays in the record: whoever locks next and finds the record
// writes it anew, and while nobody holds m nobody waits for it either.
func (m *Mutex) Unlock() { m.mu.Unlock() }

// Watch gives m a name for reports, with the place of this call, and has the
// holder remembered from now on, so that it is known even when the first wait
// is the one that never ends. Call it once, before m is used.
func (m *Mutex) Watch(name string) {
	m.rec.Store(newRecord(KindMutex, uintptr(unsafe.Pointer(m)), name))
}

//go:noinline
func (m *Mutex) lockRecorded(locked bool) {
	if !locked && !m.mu.TryLock() {
		w := enter(&m.rec, KindMutex, uintptr(unsafe.Pointer(m)), "lock")
		m.mu.Lock()
		w.leave()
	}
	if r := m.rec.Load(); r != nil {
		r.holder.Store(goid.Get())
	}
}

// A RWMutex is a [sync.RWMutex] whose waiters a [Scanner] sees. The zero value
// is unlocked; it must not be copied after its first use. Writers are
// remembered as with [Mutex]; once there is a record, each reader is too, in a
// table under a lock, which costs readers about as much again as a lock of
// their own (BenchmarkRWMutexWatched).
type RWMutex struct {
	mu  sync.RWMutex
	rec atomic.Pointer[record]
}

// Lock locks rw for writing, as [sync.RWMutex.Lock].
func (rw *RWMutex) Lock() {
	if locked := rw.mu.TryLock(); !locked || rw.rec.Load() != nil {
		rw.lockRecorded(locked)
	}
}

// TryLock tries to lock rw for writing and reports whether it did.
func (rw *RWMutex) TryLock() bool {
	if !rw.mu.TryLock() {
		return false
	}
	if r := rw.rec.Load(); r != nil {
		r.holder.Store(goid.Get())
	}
	return true
}

// Unlock unlocks rw for writing.
func (rw *RWMutex) Unlock() {
	if r := rw.rec.Load(); r != nil {
		r.holder.Store(0)
	}
	rw.mu.Unlock()
}

// RLock locks rw for reading, as [sync.RWMutex.RLock]: a reader that reads
// again can wait for a writer that waits for it.
func (rw *RWMutex) RLock() {
	if locked := rw.mu.TryRLock(); !locked || rw.rec.Load() != nil {
		rw.rlockRecorded(locked)
	}
}

// TryRLock tries to lock rw for reading and reports whether it did.
func (rw *RWMutex) TryRLock() bool {
	if !rw.mu.TryRLock() {
		return false
	}
	if r := rw.rec.Load(); r != nil {
		r.addReader(goid.Get())
	}
	return true
}

// RUnlock undoes one RLock.
func (rw *RWMutex) RUnlock() {
	if r := rw.rec.Load(); r != nil {
		r.dropReader(goid.Get())
	}
	rw.mu.RUnlock()
}

// RLocker returns a [sync.Locker] that locks rw for reading.
func (rw *RWMutex) RLocker() sync.Locker { return (*rlocker)(rw) }

type rlocker RWMutex

func (r *rlocker) Lock()   { (*RWMutex)(r).RLock() }
func (r *rlocker) Unlock() { (*RWMutex)(r).RUnlock() }

// Watch gives rw a name for reports, with the place of this call, and has
// writers and readers remembered from now on. Call it once, before rw is used.
func (rw *RWMutex) Watch(name string) {
	rw.rec.Store(newRecord(KindRWMutex, uintptr(unsafe.Pointer(rw)), name))
}

//go:noinline
func (rw *RWMutex) lockRecorded(locked bool) {
	if !locked {
		w := enter(&rw.rec, KindRWMutex, uintptr(unsafe.Pointer(rw)), "lock")
		rw.mu.Lock()
		w.leave()
	}
	if r := rw.rec.Load(); r != nil {
		r.holder.Store(goid.Get())
	}
}

//go:noinline
func (rw *RWMutex) rlockRecorded(locked bool) {
	if !locked {
		w := enter(&rw.rec, KindRWMutex, uintptr(unsafe.Pointer(rw)), "rlock")
		rw.mu.RLock()
		w.leave()
	}
	if r := rw.rec.Load(); r != nil {
		r.addReader(goid.Get())
	}
}
