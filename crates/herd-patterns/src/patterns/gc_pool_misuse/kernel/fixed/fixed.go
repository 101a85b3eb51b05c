// Package fixed gives every buffer back to the pool, on every path.
package fixed

import (
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"
)

var buffers = sync.Pool{New: func() any {
	buffer := make([]byte, 16<<10)
	return &buffer
}}

var sum atomic.Uint32

// Run starts n clients that send a hundred bodies a second each.
func Run(n int) {
	for client := 0; client < n; client++ {
		go send()
	}
}

func send() {
	for range time.Tick(10 * time.Millisecond) {
		for body := byte(0); body < 10; body++ {
			receive(body)
		}
	}
}

func receive(body byte) bool {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	if !read(*buffer, body) {
		return false
	}
	sum.Add(crc32.ChecksumIEEE(*buffer))
	return true
}

func read(into []byte, body byte) bool {
	for at := range into {
		into[at] = body
	}
	return body != 7
}
