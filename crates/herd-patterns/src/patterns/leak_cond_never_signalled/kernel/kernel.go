// Package kernel lets visitors in through a gate; who comes after it was opened waits for a signal that has passed.
package kernel

import "sync"

type gate struct {
	mu     sync.Mutex
	opened *sync.Cond
	inside []int
}

// Run opens one gate and lets n visitors come to it afterwards.
func Run(n int) {
	g := &gate{}
	g.opened = sync.NewCond(&g.mu)
	g.open()
	for visitor := 0; visitor < n; visitor++ {
		go g.enter(visitor) // from LK010
	}
}

func (g *gate) open() {
	g.opened.Broadcast()
}

func (g *gate) enter(visitor int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened.Wait() // want LK010
	g.inside = append(g.inside, visitor)
}
