// Package kernel replicates a block to the peers that are up and waits for as many as there are.
package kernel

import "sync"

type peer struct {
	up     bool
	blocks []string
}

type cluster struct {
	peers []*peer
	acks  sync.WaitGroup
}

func (c *cluster) replicate(block string) {
	c.acks.Add(len(c.peers)) // want LK006
	for _, p := range c.peers {
		if !p.up {
			continue // via
		}
		go c.send(p, block)
	}
	c.acks.Wait() // via; stuck
}

func (c *cluster) send(p *peer, block string) {
	defer c.acks.Done()
	p.blocks = append(p.blocks, block)
}
