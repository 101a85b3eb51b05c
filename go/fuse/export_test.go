// What tests outside of the package see of it.

package fuse

import (
	"time"
	"unsafe"
)

// Address is how reports name a mutex.
func Address(m *Mutex) string { return address(&record{address: uintptr(unsafe.Pointer(m))}) }

// Waiting counts those who are listed.
func Waiting() int { return len(listed(time.Now())) }

// Leaks is the runtime's count, nil where there is none.
var Leaks = countLeaks
