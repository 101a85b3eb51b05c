// What is remembered of a lock and of those who wait for it.

package fuse

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/internal/goid"
)

// Kinds of what can be waited for.
const (
	KindMutex     = "mutex"
	KindRWMutex   = "rwmutex"
	KindWaitGroup = "waitgroup"
	KindCond      = "cond"
)

// A record is what is known of one lock. It exists from the first wait on, or
// from Watch on, and never goes away before the lock does: whoever was
// remembered as holder is therefore seen by the one who unlocks. A holder that
// locked before the record was there stays unknown (0).
type record struct {
	kind    string
	address uintptr
	name    string
	madePC  uintptr
	limit   time.Duration // 0: the scanner's

	holder atomic.Int64 // goroutine id of the one who locked it, 0 when unknown or unlocked

	mu      sync.Mutex
	readers map[int64]int // goroutine id to its read locks
	foreign bool          // a goroutine gave back a read lock it was not seen to take
}

func newRecord(kind string, address uintptr, name string) *record {
	var pc [1]uintptr
	runtime.Callers(3, pc[:]) // Callers, newRecord, Watch
	return &record{kind: kind, address: address, name: name, madePC: pc[0]}
}

func newLimited(kind string, address uintptr, name string, limit time.Duration) *record {
	if limit <= 0 {
		return nil
	}
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	return &record{kind: kind, address: address, name: name, madePC: pc[0], limit: limit}
}

func (r *record) addReader(id int64) {
	r.mu.Lock()
	if r.readers == nil {
		r.readers = make(map[int64]int, 4)
	}
	r.readers[id]++
	r.mu.Unlock()
}

func (r *record) dropReader(id int64) {
	r.mu.Lock()
	switch n := r.readers[id]; n {
	case 0:
		// Either it locked before there was a record, or another goroutine's
		// entry stays behind: then the table is no longer the truth.
		r.foreign = len(r.readers) > 0
	case 1:
		delete(r.readers, id)
		if len(r.readers) == 0 {
			r.foreign = false
		}
	default:
		r.readers[id] = n - 1
	}
	r.mu.Unlock()
}

// readerIDs returns the goroutines that hold it for reading, and whether the
// table can be trusted.
func (r *record) readerIDs() (ids []int64, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.readers {
		ids = append(ids, id)
	}
	return ids, len(ids) > 0 && !r.foreign
}

// A waiter is one goroutine that waits. It is listed while it waits, and only
// while a scanner runs. No clock is read for it: the scanner stamps what it
// finds, so a wait is at least as long as reported.
type waiter struct {
	rec       *record
	goroutine int64
	mode      string
	seen      time.Time // by the scanner, first
	reported  bool

	shard      *shard
	prev, next *waiter
}

// The list is cut in shards so that contended locks do not contend for it.
type shard struct {
	mu   sync.Mutex
	head *waiter
	_    [48]byte // a cache line each
}

var (
	shards   [16]shard
	scanners atomic.Int32 // that run: without one nothing is listed
	waiters  = sync.Pool{New: func() any { return new(waiter) }}
)

// enter lists the calling goroutine as one that waits, and gives the lock a
// record if it has none. It returns nil when no scanner runs.
func enter(at *atomic.Pointer[record], kind string, address uintptr, mode string) *waiter {
	if scanners.Load() == 0 {
		return nil
	}
	rec := at.Load()
	if rec == nil {
		rec = &record{kind: kind, address: address}
		if !at.CompareAndSwap(nil, rec) {
			rec = at.Load()
		}
	}
	w := waiters.Get().(*waiter)
	id := goid.Get()
	s := &shards[uint64(id)%uint64(len(shards))]
	*w = waiter{rec: rec, goroutine: id, mode: mode, shard: s}
	s.mu.Lock()
	if w.next = s.head; w.next != nil {
		w.next.prev = w
	}
	s.head = w
	s.mu.Unlock()
	return w
}

func (w *waiter) leave() {
	if w == nil {
		return
	}
	s := w.shard
	s.mu.Lock()
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		s.head = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	s.mu.Unlock()
	w.rec, w.prev, w.next = nil, nil, nil
	waiters.Put(w)
}

// A wait is a waiter as the scanner found it.
type wait struct {
	rec       *record
	goroutine int64
	mode      string
	seen      time.Time
	reported  bool
}

// listed copies the waiters, and stamps those that are new.
func listed(now time.Time) []wait {
	var all []wait
	for i := range shards {
		s := &shards[i]
		s.mu.Lock()
		for w := s.head; w != nil; w = w.next {
			if w.seen.IsZero() {
				w.seen = now
			}
			all = append(all, wait{rec: w.rec, goroutine: w.goroutine, mode: w.mode, seen: w.seen, reported: w.reported})
		}
		s.mu.Unlock()
	}
	return all
}

// markReported has the present waiters of these locks remembered as told.
func markReported(told map[*record]bool) {
	for i := range shards {
		s := &shards[i]
		s.mu.Lock()
		for w := s.head; w != nil; w = w.next {
			if told[w.rec] {
				w.reported = true
			}
		}
		s.mu.Unlock()
	}
}
