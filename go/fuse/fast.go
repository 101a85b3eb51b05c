// The uncontended Lock, as sync.Mutex has it.

//go:build !race

package fuse

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// lockFast takes an unlocked mutex by the compare-and-swap that [sync.Mutex.Lock]
// begins with. TryLock reads the state first, which makes an uncontended
// Lock and Unlock a third dearer; Lock itself cannot be asked not to wait.
func (m *Mutex) lockFast() bool {
	return stateFirst && atomic.CompareAndSwapInt32((*int32)(unsafe.Pointer(&m.mu)), 0, 1)
}

// stateFirst says that this version of Go keeps a mutex's state in its first
// word, 0 when unlocked and 1 when locked, as all have from 1.0 to 1.27. Where
// it is false every Lock goes through TryLock.
var stateFirst = func() bool {
	var m sync.Mutex
	state := (*int32)(unsafe.Pointer(&m))
	unlocked := *state == 0
	m.Lock()
	locked := *state == 1
	m.Unlock()
	return unlocked && locked && *state == 0
}()
