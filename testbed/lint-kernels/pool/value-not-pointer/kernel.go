// Package kernel reads frames into pooled slices; each slice that goes back allocates its header.
//
// Not run: nothing hangs; what costs is memory.
package kernel

import (
	"errors"
	"io"
	"sync"
)

const frameBytes = 4096

var frames = sync.Pool{New: func() any { return make([]byte, frameBytes) }}

func relay(from io.Reader, to io.Writer) (int64, error) {
	var total int64
	for {
		frame := frames.Get().([]byte)
		n, err := from.Read(frame)
		if n > 0 {
			written, werr := to.Write(frame[:n])
			total += int64(written)
			err = errors.Join(err, werr)
		}
		frames.Put(frame) // want GC005
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
