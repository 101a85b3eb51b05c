// Package fixed connects to the first of a list of brokers that answers in time.
package fixed

import (
	"errors"
	"fmt"
	"net"
	"time"
)

type brokers struct {
	addresses []string
}

func (b brokers) connect() (net.Conn, error) {
	var failed error
	dialer := net.Dialer{Timeout: 3 * time.Second}
	for _, address := range b.addresses {
		conn, err := dialer.Dial("tcp", address)
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, fmt.Errorf("broker %s: %w", address, err))
	}
	return nil, failed
}
