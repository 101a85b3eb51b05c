// Package kernel runs as many goroutines in parallel as the host has CPUs, in a container that has fewer.
package kernel

import (
	"crypto/sha256"
	"runtime"
	"time"
)

const hostCPUs = 32

type block struct {
	sum  [sha256.Size]byte
	text []byte
}

// Run does what the runtime did before Go 1.25, and starts n clients that hash a batch ten times a second each.
func Run(n int) {
	runtime.GOMAXPROCS(hostCPUs) // want SC003
	for client := 0; client < n; client++ {
		go hash()
	}
}

func hash() {
	for range time.Tick(100 * time.Millisecond) {
		chain(&block{})
	}
}

func chain(last *block) *block {
	for number := 0; number < 4000; number++ {
		last = &block{sum: sha256.Sum256(last.sum[:]), text: make([]byte, 200)}
	}
	return last
}
