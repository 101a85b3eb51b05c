// Package fixed replicates a block to the peers that are up and waits for as many as it asked.
package fixed

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
	for _, p := range c.peers {
		if !p.up {
			continue
		}
		c.acks.Add(1)
		go c.send(p, block)
	}
	c.acks.Wait()
}

func (c *cluster) send(p *peer, block string) {
	defer c.acks.Done()
	p.blocks = append(p.blocks, block)
}
