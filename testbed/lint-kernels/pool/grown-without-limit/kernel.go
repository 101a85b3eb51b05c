// Package kernel renders pages with pooled buffers; one huge page and the pool keeps a huge buffer.
//
// Not run: nothing hangs; what costs is memory.
package kernel

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
	buffers.Put(buffer) // want GC005
	return err
}
