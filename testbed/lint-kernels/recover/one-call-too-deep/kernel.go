// Package kernel serves frames; the function that recovers is called by the deferred one and is one call too deep.
package kernel

import (
	"encoding/binary"
	"fmt"
)

type frame []byte

type codec struct {
	failures chan string
}

func (c *codec) serve(frames <-chan frame) {
	for f := range frames {
		c.one(f)
	}
}

func (c *codec) one(f frame) {
	defer func() {
		c.report() // want LO003
	}()
	decode(f) // via; crash
}

func (c *codec) report() {
	if reason := recover(); reason != nil { // via
		c.failures <- fmt.Sprint(reason)
	}
}

func decode(f frame) uint16 {
	return binary.BigEndian.Uint16(f)
}
