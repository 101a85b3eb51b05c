// Package kernel packs rows into a pipe; when packing fails the pipe stays open and its reader waits.
package kernel

import (
	"errors"
	"fmt"
	"io"
)

type packer struct {
	encode func(row string) ([]byte, error)
}

func (p *packer) pack(rows []string, to *io.PipeWriter) error {
	for _, row := range rows {
		packed, err := p.encode(row)
		if err != nil {
			return fmt.Errorf("pack %q: %w", row, err) // want LK002|LK014
		}
		if _, err := to.Write(packed); err != nil {
			return err
		}
	}
	return to.Close()
}

func (p *packer) upload(rows []string, send func(io.Reader) error) error {
	reader, writer := io.Pipe()
	defer reader.Close()
	packed := make(chan error, 1)
	go func() { packed <- p.pack(rows, writer) }()
	err := send(reader) // via; stuck
	return errors.Join(err, <-packed)
}
