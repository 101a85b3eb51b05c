// The number of the calling goroutine, as dumps print it.

package fuse

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"unsafe"
)

// goidOffset is where the runtime keeps a goroutine's number in its g. It
// differs between versions of Go, so it is looked for at the first use: 0
// before that, -1 where it cannot be told.
var goidOffset atomic.Int64

// goid returns the number of the calling goroutine, in about 2 ns where the
// offset is known (amd64, arm64), else from the head of its own stack trace,
// in microseconds. It is 0 when the trace cannot be read.
func goid() int64 {
	if off := goidOffset.Load(); off > 0 {
		return *(*int64)(unsafe.Add(getg(), off))
	}
	return goidSlow()
}

//go:noinline
func goidSlow() int64 {
	if goidOffset.Load() == 0 {
		goidOffset.CompareAndSwap(0, findGoid())
	}
	return tracedGoid()
}

// The part of g that is searched: goid has stood between 0x80 and 0xa0 in all
// versions from 1.10 to 1.27, and g is more than twice as long as the range.
const searchFrom, searchTo = 64, 224

// findGoid looks for the one word of g that has been the goroutine's number in
// several goroutines, among them ones that reuse a g.
func findGoid() int64 {
	if getg() == nil {
		return -1
	}
	candidates := matches()
	for range 8 {
		found := make(chan map[int64]bool)
		go func() { found <- matches() }()
		other := <-found
		for off := range candidates {
			if !other[off] {
				delete(candidates, off)
			}
		}
	}
	if len(candidates) != 1 {
		return -1
	}
	for off := range candidates {
		return off
	}
	return -1
}

func matches() map[int64]bool {
	id, at := tracedGoid(), map[int64]bool{}
	if id == 0 {
		return at
	}
	g := getg()
	for off := int64(searchFrom); off < searchTo; off += 8 {
		if *(*int64)(unsafe.Add(g, off)) == id {
			at[off] = true
		}
	}
	return at
}

// tracedGoid reads the number from "goroutine 17 [running]:".
func tracedGoid() int64 {
	var buf [64]byte
	head, _ := bytes.CutPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(head, []byte(" "))
	id, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
