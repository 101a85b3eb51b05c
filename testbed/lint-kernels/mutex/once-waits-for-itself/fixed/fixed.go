// Package fixed connects once; the health check is started after the connection is there.
package fixed

import "sync"

type client struct {
	once    sync.Once
	address string
	healthy bool
}

func (c *client) connection() string {
	c.once.Do(c.dial)
	return c.address
}

func (c *client) dial() {
	c.address = "10.0.0.7:5432"
	checked := make(chan bool)
	go func() {
		checked <- ping(c.address)
	}()
	c.healthy = <-checked
}

func ping(address string) bool {
	return address != ""
}
