// Package kernel signs messages with pooled buffers and returns bytes of a buffer that is already in the pool again.
//
// Not run: nothing hangs; two callers write into one buffer.
package kernel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func sign(key, message string) []byte {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer) // via
	buffer.Reset()
	buffer.WriteString(message)
	buffer.WriteByte('.')
	buffer.WriteString(digest(key, message))
	return buffer.Bytes() // want GC005
}

func digest(key, message string) string {
	sum := sha256.Sum256([]byte(key + message))
	return hex.EncodeToString(sum[:])
}
