// Package fixed returns connections to a pool, broken or not, and wakes the next in line.
package fixed

import "sync"

type conn struct{ broken bool }

type pool struct {
	mu   sync.Mutex
	room *sync.Cond
	open int
	max  int
	idle []*conn
}

func newPool(max int) *pool {
	p := &pool{max: max}
	p.room = sync.NewCond(&p.mu)
	return p
}

func (p *pool) get() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) == 0 && p.open >= p.max {
		p.room.Wait()
	}
	if len(p.idle) == 0 {
		p.open++
		return new(conn)
	}
	c := p.idle[0]
	p.idle = p.idle[1:]
	return c
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.room.Signal()
	if c.broken {
		p.open--
		return
	}
	p.idle = append(p.idle, c)
}
