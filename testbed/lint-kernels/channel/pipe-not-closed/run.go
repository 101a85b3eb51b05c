package kernel

import (
	"errors"
	"io"
)

// Run uploads n files with a row that cannot be packed.
func Run(n int) {
	p := &packer{encode: func(row string) ([]byte, error) {
		if row == "" {
			return nil, errors.New("empty row")
		}
		return []byte(row), nil
	}}
	send := func(from io.Reader) error {
		_, err := io.Copy(io.Discard, from)
		return err
	}
	for range n {
		go p.upload([]string{"a", "", "b"}, send)
	}
}
