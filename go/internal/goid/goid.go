// Package goid is the number of the calling goroutine, as dumps print it.
//
// Get reads it from the runtime's own record of the goroutine, by a line of
// assembly (amd64, arm64) and at an offset that it looks for at its first use:
// the one word that has been the traced number in several goroutines. Where a
// version of Go or a processor does not fit, it reads the head of a stack trace
// as Traced does, which is some hundred times dearer and always right.
package goid

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"unsafe"
)

// offset is where the runtime keeps a goroutine's number in its g. It differs
// between versions of Go, so it is looked for at the first use: 0 before that,
// -1 where it cannot be told.
var offset atomic.Int64

// Get is the number of the calling goroutine, in about 2 ns where the offset is
// known, else in microseconds. It is 0 when the trace cannot be read.
func Get() int64 {
	if off := offset.Load(); off > 0 {
		return *(*int64)(unsafe.Add(getg(), off))
	}
	return slow()
}

//go:noinline
func slow() int64 {
	if offset.Load() == 0 {
		offset.CompareAndSwap(0, find())
	}
	return Traced()
}

// The part of g that is searched: goid has stood between 0x80 and 0xa0 in all
// versions from 1.10 to 1.27, and g is more than twice as long as the range.
const searchFrom, searchTo = 64, 224

// find looks for the one word of g that has been the goroutine's number in
// several goroutines, among them ones that reuse a g.
func find() int64 {
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
	id, at := Traced(), map[int64]bool{}
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

// Traced reads the number from "goroutine 17 [running]:".
func Traced() int64 {
	var buf [64]byte
	head, _ := bytes.CutPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(head, []byte(" "))
	id, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
