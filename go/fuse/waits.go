// Cond and WaitGroup: waits that count as blocked only where a limit was named for them.

package fuse

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A WaitGroup is a [sync.WaitGroup]. To wait long for one is often healthy (a
// server's main goroutine does), so a [Scanner] looks at its waiters only after
// Watch has named a limit. Nobody holds a WaitGroup: reports name no holder.
type WaitGroup struct {
	sync.WaitGroup
	rec atomic.Pointer[record]
}

// Watch gives wg a name for reports, and the longest Wait that is healthy.
// Call it once, before wg is waited for; a limit of 0 or less watches nothing.
func (wg *WaitGroup) Watch(name string, limit time.Duration) {
	wg.rec.Store(newLimited(KindWaitGroup, uintptr(unsafe.Pointer(wg)), name, limit))
}

// Wait blocks until the counter is zero, as [sync.WaitGroup.Wait].
func (wg *WaitGroup) Wait() {
	if wg.rec.Load() == nil {
		wg.WaitGroup.Wait()
		return
	}
	w := enter(&wg.rec, KindWaitGroup, uintptr(unsafe.Pointer(wg)), "wait")
	wg.WaitGroup.Wait()
	w.leave()
}

// A Cond is a [sync.Cond], made with [NewCond]. Its waiters count as blocked
// only after Watch has named a limit, as those of [WaitGroup].
type Cond struct {
	sync.Cond
	rec atomic.Pointer[record]
}

// NewCond returns a Cond with the locker l, which may be a [Mutex] or a
// [RWMutex] of this package or of package sync.
func NewCond(l sync.Locker) *Cond {
	c := &Cond{}
	c.L = l
	return c
}

// Watch gives c a name for reports, and the longest Wait that is healthy. Call
// it once, before c is waited for; a limit of 0 or less watches nothing.
func (c *Cond) Watch(name string, limit time.Duration) {
	c.rec.Store(newLimited(KindCond, uintptr(unsafe.Pointer(c)), name, limit))
}

// Wait unlocks c.L, waits to be woken, and locks c.L again, as [sync.Cond.Wait].
func (c *Cond) Wait() {
	if c.rec.Load() == nil {
		c.Cond.Wait()
		return
	}
	w := enter(&c.rec, KindCond, uintptr(unsafe.Pointer(c)), "wait")
	c.Cond.Wait()
	w.leave()
}
