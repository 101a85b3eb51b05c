// Package kernel reads a scale over TCP and waits for one that says nothing.
package kernel

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

type scale struct {
	address string
}

func (s scale) weigh() (string, error) {
	conn, err := net.DialTimeout("tcp", s.address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return ask(conn, "W?")
}

func ask(conn net.Conn, question string) (string, error) {
	if _, err := fmt.Fprintln(conn, question); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n') // want LK011|TO003; stuck
	return strings.TrimSpace(line), err
}
