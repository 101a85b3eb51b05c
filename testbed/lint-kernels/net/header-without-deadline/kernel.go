// Package kernel takes connections and reads a header of each, however long a peer takes to send it.
package kernel

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

type header struct {
	version uint16
	length  uint16
}

func accept(conn net.Conn, handle func(header)) error {
	defer conn.Close()
	h, err := readHeader(conn) // via; stuck
	if err != nil {
		return fmt.Errorf("header of %s: %w", conn.RemoteAddr(), err)
	}
	handle(h)
	return nil
}

func readHeader(from net.Conn) (header, error) {
	var raw [4]byte
	if _, err := io.ReadFull(from, raw[:]); err != nil { // want LK011; stuck
		return header{}, err
	}
	return header{binary.BigEndian.Uint16(raw[:]), binary.BigEndian.Uint16(raw[2:])}, nil
}
