// Package fixed serves frames; the function that is deferred is the one that recovers.
package fixed

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
	defer c.report()
	decode(f)
}

func (c *codec) report() {
	if reason := recover(); reason != nil {
		c.failures <- fmt.Sprint(reason)
	}
}

func decode(f frame) uint16 {
	return binary.BigEndian.Uint16(f)
}
