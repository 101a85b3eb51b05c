// Package fixed lets visitors in through a gate that remembers that it was opened.
package fixed

import "sync"

type gate struct {
	mu     sync.Mutex
	opened *sync.Cond
	isOpen bool
	inside []int
}

// Run opens one gate and lets n visitors come to it afterwards.
func Run(n int) {
	g := &gate{}
	g.opened = sync.NewCond(&g.mu)
	g.open()
	for visitor := 0; visitor < n; visitor++ {
		go g.enter(visitor)
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = true
	g.opened.Broadcast()
}

func (g *gate) enter(visitor int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.isOpen {
		g.opened.Wait()
	}
	g.inside = append(g.inside, visitor)
}
