// Package kernel routes answers to whoever waits for them; an answer nobody waits for is sent on the nil channel of a missing entry.
package kernel

import "sync"

type answer struct {
	id   int
	text string
}

type router struct {
	mu      sync.Mutex
	waiting map[int]chan string
}

func newRouter() *router {
	return &router{waiting: map[int]chan string{}}
}

func (r *router) expect(id int) <-chan string {
	r.mu.Lock()
	defer r.mu.Unlock()
	reply := make(chan string, 1)
	r.waiting[id] = reply
	return reply
}

func (r *router) forget(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, id) // via
}

func (r *router) deliver(a answer) {
	r.mu.Lock()
	reply := r.waiting[a.id] // via
	r.mu.Unlock()
	reply <- a.text // want LK003; stuck
}
