// Package fixed keeps rooms and members; a member that leaves is not locked while it asks its room.
package fixed

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
	r.mu.Lock()
	defer r.mu.Unlock()
	pause()
	for m := range r.members {
		m.deliver(text)
	}
}

func (m *member) deliver(text string) {
	m.mu.Lock()
	m.inbox = append(m.inbox, text)
	m.mu.Unlock()
}

func (m *member) leave() {
	m.mu.Lock()
	left := m.room
	m.room = nil
	m.mu.Unlock()
	pause()
	left.forget(m)
}

func (r *room) forget(m *member) {
	r.mu.Lock()
	delete(r.members, m)
	r.mu.Unlock()
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
