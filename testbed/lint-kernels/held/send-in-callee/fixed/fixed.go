// Package fixed changes the state of a machine and tells its watcher after the unlock.
package fixed

import "sync"

type machine struct {
	mu      sync.Mutex
	state   string
	changes chan string
}

func newMachine() *machine {
	return &machine{state: "idle", changes: make(chan string, 1)}
}

func (m *machine) transition(to string) {
	m.mu.Lock()
	changed := m.state != to
	m.state = to
	m.mu.Unlock()
	if changed {
		m.notify()
	}
}

func (m *machine) notify() {
	m.emit("changed")
}

func (m *machine) emit(change string) {
	select {
	case m.changes <- change:
	default: // the watcher has not yet looked at the change before
	}
}

func (m *machine) current() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *machine) watch(until string) {
	for m.current() != until {
		<-m.changes
	}
}
