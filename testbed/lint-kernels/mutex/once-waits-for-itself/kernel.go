// Package kernel connects once and, before it says that it is connected, waits for a health check that needs the connection.
package kernel

import "sync"

type client struct {
	once    sync.Once
	address string
	healthy bool
}

func (c *client) connection() string {
	c.once.Do(c.dial) // stuck
	return c.address
}

func (c *client) dial() {
	c.address = "10.0.0.7:5432"
	checked := make(chan bool)
	go func() {
		checked <- c.ping() // via
	}()
	c.healthy = <-checked // want DL001|DL005|LK002; stuck
}

func (c *client) ping() bool {
	return c.connection() != "" // via; stuck
}
