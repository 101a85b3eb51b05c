// Package fixed walks its connections over a copy, so that the callback may take the lock.
package fixed

import (
	"sync"
	"time"
)

type conn struct {
	id   int
	used time.Time
}

type pool struct {
	mu    sync.Mutex
	conns map[int]*conn
}

func newPool(size int) *pool {
	p := &pool{conns: map[int]*conn{}}
	for id := range size {
		p.conns[id] = &conn{id: id}
	}
	return p
}

func (p *pool) each(visit func(*conn)) {
	p.mu.Lock()
	conns := make([]*conn, 0, len(p.conns))
	for _, c := range p.conns {
		conns = append(conns, c)
	}
	p.mu.Unlock()
	for _, c := range conns {
		visit(c)
	}
}

func (p *pool) remove(c *conn) {
	p.mu.Lock()
	delete(p.conns, c.id)
	p.mu.Unlock()
}

func (p *pool) closeIdle(limit time.Duration) {
	p.each(func(c *conn) {
		if time.Since(c.used) > limit {
			p.remove(c)
		}
	})
}
