// Package fixed packs rows into a pipe and closes it with the error, if there was one.
package fixed

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
			to.CloseWithError(err)
			return fmt.Errorf("pack %q: %w", row, err)
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
	err := send(reader)
	return errors.Join(err, <-packed)
}
