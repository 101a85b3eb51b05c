// The work-stealing deque: its owner pushes and pops at the bottom (last in, first out), thieves take from the top (first in,
// first out). It is the algorithm of Chase and Lev on Go's sequentially consistent atomics, so no fence is implied anywhere.

package pool

import "sync/atomic"

const dequeStart = 64

// deque holds tasks one worker has forked and not yet run. push, pop and size's writer side belong to the owner; steal is for
// everyone else. The ring doubles up to a limit; push then refuses, which is what bounds the memory of a task that forks without
// end.
//
// A slot keeps its pointer after the task has left: a thief that still reads it loses the compare-and-swap on top and never
// looks at what it read. This is also what lets frames be used again.
type deque struct {
	top    atomic.Int64
	_      [56]byte
	bottom atomic.Int64
	ring   atomic.Pointer[ring]
	limit  int64
	_      [40]byte
}

type ring struct {
	mask int64
	slot []atomic.Pointer[frame]
}

func newRing(n int64) *ring { return &ring{mask: n - 1, slot: make([]atomic.Pointer[frame], n)} }

// start makes room for at least n tasks at first and at most limit; both are powers of two.
func (d *deque) start(n, limit int64) {
	d.limit = limit
	d.ring.Store(newRing(n))
}

// push adds a task at the bottom; false when the deque has reached its limit.
func (d *deque) push(f *frame) bool {
	b, t, r := d.bottom.Load(), d.top.Load(), d.ring.Load()
	if b-t > r.mask {
		if r.mask+1 >= d.limit {
			return false
		}
		r = d.grow(r, t, b)
	}
	// A frame that is used again often comes to lie where it lay before.
	if s := &r.slot[b&r.mask]; s.Load() != f {
		s.Store(f)
	}
	d.bottom.Store(b + 1)
	return true
}

// pushAll adds tasks at the bottom, all of them at once, and returns how many had room.
func (d *deque) pushAll(all []*frame) int {
	b, t, r := d.bottom.Load(), d.top.Load(), d.ring.Load()
	for i, f := range all {
		at := b + int64(i)
		if at-t > r.mask {
			if r.mask+1 >= d.limit {
				all = all[:i]
				break
			}
			r = d.grow(r, t, at)
		}
		r.slot[at&r.mask].Store(f)
	}
	if len(all) > 0 {
		d.bottom.Store(b + int64(len(all)))
	}
	return len(all)
}

// grow copies into a ring of twice the size. Thieves may go on reading the old one: it is never written again.
func (d *deque) grow(old *ring, t, b int64) *ring {
	r := newRing(2 * (old.mask + 1))
	for i := t; i < b; i++ {
		r.slot[i&r.mask].Store(old.slot[i&old.mask].Load())
	}
	d.ring.Store(r)
	return r
}

// pop takes the youngest task, or nil. Only for the last task can it meet a thief, and then the compare-and-swap decides.
func (d *deque) pop() *frame {
	b := d.bottom.Load() - 1
	if b < d.top.Load() {
		return nil
	}
	d.bottom.Store(b)
	t := d.top.Load()
	if t > b {
		d.bottom.Store(b + 1)
		return nil
	}
	r := d.ring.Load()
	f := r.slot[b&r.mask].Load()
	if t < b {
		return f
	}
	if !d.top.CompareAndSwap(t, t+1) {
		f = nil
	}
	d.bottom.Store(b + 1)
	return f
}

// steal takes the oldest task. retry says that another taker won the race, so that the deque may still hold tasks.
func (d *deque) steal() (f *frame, retry bool) {
	t := d.top.Load()
	if d.bottom.Load() <= t {
		return nil, false
	}
	r := d.ring.Load()
	f = r.slot[t&r.mask].Load()
	if !d.top.CompareAndSwap(t, t+1) {
		return nil, true
	}
	return f, false
}

// size is exact for the owner while no thief is at work, otherwise a snapshot.
func (d *deque) size() int64 { return max(0, d.bottom.Load()-d.top.Load()) }
