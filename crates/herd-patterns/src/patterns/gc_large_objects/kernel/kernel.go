// Package kernel copies each upload through a buffer of its own that holds all of it.
package kernel

import (
	"bytes"
	"hash/crc32"
	"io"
	"sync/atomic"
	"time"
)

const uploadBytes = 256 << 10

var (
	upload = bytes.Repeat([]byte("line of a log file\n"), uploadBytes/19)
	sum    atomic.Uint32
)

// Run starts n clients that upload fifty times a second each.
func Run(n int) {
	for client := 0; client < n; client++ {
		go send()
	}
}

func send() {
	for range time.Tick(20 * time.Millisecond) {
		checksum, err := receive(bytes.NewReader(upload))
		if err == nil {
			sum.Add(checksum)
		}
	}
}

func receive(body io.Reader) (uint32, error) {
	whole := make([]byte, uploadBytes) // want GC006
	read, err := io.ReadFull(body, whole)
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0, err
	}
	return crc32.ChecksumIEEE(whole[:read]), nil
}
