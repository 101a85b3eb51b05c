// Package kernel reads electricity meters over TCP; a meter that accepts and says nothing is waited for without end.
package kernel

import (
	"bufio"
	"net"
	"sync"
)

var meter struct {
	once     sync.Once
	listener net.Listener
	err      error
}

// Run reads n values from a meter that never answers.
func Run(n int) {
	addr, err := silentMeter()
	if err != nil {
		panic(err)
	}
	for reading := 0; reading < n; reading++ {
		go readMeter(addr) // from LK011
	}
}

// silentMeter listens without accepting: the kernel completes the connections, nobody reads or writes them.
func silentMeter() (string, error) {
	meter.once.Do(func() {
		meter.listener, meter.err = net.Listen("tcp", "127.0.0.1:0")
	})
	if meter.err != nil {
		return "", meter.err
	}
	return meter.listener.Addr().String(), nil
}

func readMeter(addr string) (string, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return bufio.NewReader(conn).ReadString('\n') // want LK011
}
