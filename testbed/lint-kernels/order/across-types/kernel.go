// Package kernel keeps rooms and their members; each locks itself and then the other.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type room struct {
	mu      sync.Mutex
	members map[*member]bool
	topic   string
}

type member struct {
	mu    sync.Mutex
	room  *room
	inbox []string
}

func join(r *room) *member {
	m := &member{room: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[m] = true
	return m
}

func (r *room) say(text string) {
	r.mu.Lock() // via
	defer r.mu.Unlock()
	pause()
	for m := range r.members {
		m.deliver(text) // via; stuck
	}
}

func (m *member) deliver(text string) {
	m.mu.Lock() // via; stuck
	m.inbox = append(m.inbox, text)
	m.mu.Unlock()
}

func (m *member) leave() {
	m.mu.Lock() // via
	defer m.mu.Unlock()
	pause()
	m.room.forget(m) // want DL002; stuck
	m.room = nil
}

func (r *room) forget(m *member) {
	r.mu.Lock() // via; stuck
	delete(r.members, m)
	r.mu.Unlock()
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
