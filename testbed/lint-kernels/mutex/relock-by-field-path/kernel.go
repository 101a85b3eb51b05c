// Package kernel renews the leases of the nodes of a cluster; nodes reach their cluster through a pointer.
package kernel

import "sync"

type cluster struct {
	mu    sync.Mutex
	nodes map[string]*node
	epoch int
}

type node struct {
	cluster *cluster
	lease   int
}

func newCluster() *cluster {
	c := &cluster{nodes: map[string]*node{}}
	c.nodes["a"] = &node{cluster: c}
	return c
}

func (c *cluster) renewAll() {
	c.mu.Lock() // via
	defer c.mu.Unlock()
	c.epoch++
	for _, n := range c.nodes {
		n.renew() // want DL001; stuck
	}
}

func (n *node) renew() {
	n.cluster.mu.Lock() // via; stuck
	defer n.cluster.mu.Unlock()
	n.lease = n.cluster.epoch
}
