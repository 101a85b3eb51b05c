// Package kernel encodes documents with pooled buffers; one that holds too much is refused together with its buffer.
//
// Not run: nothing hangs; what costs is memory.
package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

var errTooLarge = errors.New("document is too large")

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func encode(document any, limit int) ([]byte, error) {
	buffer := buffers.Get().(*bytes.Buffer) // via
	buffer.Reset()
	if err := json.NewEncoder(buffer).Encode(document); err != nil {
		return nil, fmt.Errorf("encode: %w", err) // want GC005
	}
	if buffer.Len() > limit {
		return nil, errTooLarge // via
	}
	encoded := bytes.Clone(buffer.Bytes())
	buffers.Put(buffer)
	return encoded, nil
}
