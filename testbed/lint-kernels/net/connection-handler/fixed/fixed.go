// Package fixed serves a line protocol and hangs up on clients that stay silent.
package fixed

import (
	"bufio"
	"fmt"
	"net"
	"time"
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
	for conn.SetDeadline(time.Now().Add(100*time.Millisecond)) == nil && in.Scan() {
		if _, err := fmt.Fprintln(conn, l.answer(in.Text())); err != nil {
			return
		}
	}
}
