// Package kernel serves a line protocol; a client that stays silent keeps its goroutine.
package kernel

import (
	"bufio"
	"fmt"
	"net"
)

type lines struct {
	answer func(string) string
}

func (l lines) serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go l.handle(conn)
	}
}

func (l lines) handle(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for in.Scan() { // want LK011; stuck
		if _, err := fmt.Fprintln(conn, l.answer(in.Text())); err != nil {
			return
		}
	}
}
