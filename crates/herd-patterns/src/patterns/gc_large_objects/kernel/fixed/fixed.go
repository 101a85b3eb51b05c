// Package fixed sums each upload as it streams by.
package fixed

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
		checksum, err := receive(struct{ io.Reader }{bytes.NewReader(upload)})
		if err == nil {
			sum.Add(checksum)
		}
	}
}

func receive(body io.Reader) (uint32, error) {
	hash := crc32.NewIEEE()
	if _, err := io.CopyBuffer(hash, body, make([]byte, 16<<10)); err != nil {
		return 0, err
	}
	return hash.Sum32(), nil
}
