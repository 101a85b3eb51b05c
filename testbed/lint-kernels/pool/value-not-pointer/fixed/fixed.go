// Package fixed reads frames into pooled arrays and puts pointers into the pool.
package fixed

import (
	"errors"
	"io"
	"sync"
)

const frameBytes = 4096

var frames = sync.Pool{New: func() any { return new([frameBytes]byte) }}

func relay(from io.Reader, to io.Writer) (int64, error) {
	var total int64
	for {
		frame := frames.Get().(*[frameBytes]byte)
		n, err := from.Read(frame[:])
		if n > 0 {
			written, werr := to.Write(frame[:n])
			total += int64(written)
			err = errors.Join(err, werr)
		}
		frames.Put(frame)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
