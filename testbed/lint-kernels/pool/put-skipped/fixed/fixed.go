// Package fixed encodes documents with pooled buffers, which go back whatever happens.
package fixed

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
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	if err := json.NewEncoder(buffer).Encode(document); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if buffer.Len() > limit {
		return nil, errTooLarge
	}
	return bytes.Clone(buffer.Bytes()), nil
}
