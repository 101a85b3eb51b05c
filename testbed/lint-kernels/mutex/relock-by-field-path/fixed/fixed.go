// Package fixed renews the lease of a node under the lock of its cluster and returns a copy.
package fixed

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
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for _, n := range c.nodes {
		n.renew()
	}
}

// renew is called with the cluster locked.
func (n *node) renew() {
	n.lease = n.cluster.epoch
}
