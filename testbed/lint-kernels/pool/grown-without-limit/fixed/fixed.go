// Package fixed renders pages with pooled buffers and drops those that have grown large.
package fixed

import (
	"bytes"
	"io"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

type page struct{ rows []string }

func (p page) write(to io.Writer) error {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	for _, row := range p.rows {
		buffer.WriteString("<li>")
		buffer.WriteString(row)
	}
	_, err := buffer.WriteTo(to)
	if buffer.Cap() <= 1<<16 {
		buffers.Put(buffer)
	}
	return err
}
