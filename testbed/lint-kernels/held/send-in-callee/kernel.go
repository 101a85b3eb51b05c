// Package kernel changes the state of a machine and, two calls down, tells its watcher, who asks for the state.
package kernel

import "sync"

type machine struct {
	mu      sync.Mutex
	state   string
	changes chan string
}

func newMachine() *machine {
	return &machine{state: "idle", changes: make(chan string)}
}

func (m *machine) transition(to string) {
	m.mu.Lock() // via
	defer m.mu.Unlock()
	if m.state == to {
		return
	}
	m.state = to
	m.notify() // want DL003; stuck
}

func (m *machine) notify() {
	m.emit("changed") // via; stuck
}

func (m *machine) emit(change string) {
	m.changes <- change // via; stuck
}

func (m *machine) current() string {
	m.mu.Lock() // via; stuck
	defer m.mu.Unlock()
	return m.state
}

func (m *machine) watch(until string) {
	for m.current() != until { // stuck
		<-m.changes
	}
}
