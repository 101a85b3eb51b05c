// Package kernel reads a counter that may be shared and unlocks it even where it has not locked it.
package kernel

import "sync"

type meter struct {
	mu     sync.Mutex
	shared bool
	value  int
}

func (m *meter) add(by int) int {
	if m.shared {
		m.mu.Lock() // via
	}
	m.value += by
	value := m.value
	m.mu.Unlock() // want LO004; crash
	return value
}
