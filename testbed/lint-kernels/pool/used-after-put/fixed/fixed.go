// Package fixed signs messages with pooled buffers and returns a copy.
package fixed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func sign(key, message string) []byte {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	buffer.WriteString(message)
	buffer.WriteByte('.')
	buffer.WriteString(digest(key, message))
	return bytes.Clone(buffer.Bytes())
}

func digest(key, message string) string {
	sum := sha256.Sum256([]byte(key + message))
	return hex.EncodeToString(sum[:])
}
