// Package fixed routes answers to whoever waits for them and drops those nobody waits for.
package fixed

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
	delete(r.waiting, id)
}

func (r *router) deliver(a answer) {
	r.mu.Lock()
	reply, ok := r.waiting[a.id]
	delete(r.waiting, a.id)
	r.mu.Unlock()
	if ok {
		reply <- a.text
	}
}
