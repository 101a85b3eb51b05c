// Package fixed takes connections and hangs up on peers that do not send their header in time.
package fixed

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

type header struct {
	version uint16
	length  uint16
}

func accept(conn net.Conn, handle func(header)) error {
	defer conn.Close()
	h, err := readHeader(conn)
	if err != nil {
		return fmt.Errorf("header of %s: %w", conn.RemoteAddr(), err)
	}
	handle(h)
	return nil
}

func readHeader(from net.Conn) (header, error) {
	var raw [4]byte
	if err := from.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return header{}, err
	}
	if _, err := io.ReadFull(from, raw[:]); err != nil {
		return header{}, err
	}
	return header{binary.BigEndian.Uint16(raw[:]), binary.BigEndian.Uint16(raw[2:])}, nil
}
