// Package kernel walks its connections under the lock and closes the idle ones in the callback.
package kernel

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
	p.mu.Lock() // via
	defer p.mu.Unlock()
	for _, c := range p.conns {
		visit(c) // via; stuck
	}
}

func (p *pool) remove(c *conn) {
	p.mu.Lock() // via; stuck
	delete(p.conns, c.id)
	p.mu.Unlock()
}

func (p *pool) closeIdle(limit time.Duration) {
	p.each(func(c *conn) {
		if time.Since(c.used) > limit {
			p.remove(c) // want DL001; stuck
		}
	})
}
