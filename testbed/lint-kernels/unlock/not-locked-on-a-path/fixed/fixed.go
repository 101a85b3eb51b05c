// Package fixed reads a counter that may be shared; it unlocks only where it has locked.
package fixed

import "sync"

type meter struct {
	mu     sync.Mutex
	shared bool
	value  int
}

func (m *meter) add(by int) int {
	if m.shared {
		m.mu.Lock()
	}
	m.value += by
	value := m.value
	if m.shared {
		m.mu.Unlock()
	}
	return value
}
