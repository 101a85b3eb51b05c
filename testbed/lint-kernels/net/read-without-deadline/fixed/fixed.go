// Package fixed reads a scale over TCP and gives up on one that says nothing.
package fixed

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
	if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return "", err
	}
	return ask(conn, "W?")
}

func ask(conn net.Conn, question string) (string, error) {
	if _, err := fmt.Fprintln(conn, question); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
