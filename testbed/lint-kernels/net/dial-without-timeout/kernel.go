// Package kernel connects to the first of a list of brokers; a host that drops packets holds it up for minutes.
//
// Not run: it takes a host that drops packets.
package kernel

import (
	"errors"
	"fmt"
	"net"
)

type brokers struct {
	addresses []string
}

func (b brokers) connect() (net.Conn, error) {
	var failed error
	for _, address := range b.addresses {
		conn, err := net.Dial("tcp", address) // want TO003|LK011
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, fmt.Errorf("broker %s: %w", address, err))
	}
	return nil, failed
}
