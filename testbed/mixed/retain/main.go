// Retain holds memory in the ways programs hold it, each from a line of its own, and frees some, so that what is read of it from
// outside can be compared with the profile it writes itself and with what is known to hold what.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"example.com/mixed/held"
)

// blockBytes is far more than one sample is apart from the next, so that each block is sampled.
const blockBytes = 8 << 20

// item is what a list is made of; it is as large as its neighbours in a map or a tree.
type item struct {
	next *item
	body [1000]byte
}

type store struct {
	name    string
	entries map[int][]byte
}

type numbers interface{ int32 | int64 }

var (
	cache   = store{name: "cache"}
	list    *item
	onTimer *time.Timer
	pool    sync.Pool
	visit   func(int) byte
	// smalls keeps what is smaller than a page.
	smalls [][]byte
)

func main() {
	every := flag.Int("rate", runtime.MemProfileRate, "bytes from sample to sample, on average")
	garbage := flag.Bool("garbage", false, "leave blocks that nothing reaches and no collection has found")
	collect := flag.Bool("collect", true, "collect before anybody looks")
	flag.Parse()
	runtime.MemProfileRate = *every
	fillCache()
	fillList()
	fillSmalls()
	startWaiters()
	visit = counter()
	startTimer()
	free()
	calls()
	if *collect {
		runtime.GC()
		runtime.GC()
	}
	pool.Put(pooled())
	if *garbage {
		debug.SetGCPercent(-1)
		lose()
	}
	time.Sleep(100 * time.Millisecond)
	held.Serve()
	runtime.KeepAlive(visit)
}

func fillCache() {
	cache.entries = map[int][]byte{}
	for i := 0; i < 4; i++ {
		cache.entries[i] = make([]byte, blockBytes)
	}
}

func fillList() {
	for i := 0; i < 20_000; i++ {
		list = &item{next: list}
	}
}

func fillSmalls() {
	for i := 0; i < 3000; i++ {
		smalls = append(smalls, []byte(strings.Repeat("x", 200+i%700)))
	}
}

func startWaiters() {
	ready := make(chan bool)
	for i := 0; i < 2; i++ {
		go grower(ready)
		<-ready
	}
}

// grower keeps what it has made in a variable of its own and waits.
func grower(ready chan bool) {
	var rows [][]byte
	for i := 0; i < 3; i++ {
		rows = append(rows, make([]byte, blockBytes))
	}
	ready <- true
	<-make(chan int)
	fmt.Println(rows[len(rows)-1][0])
}

func counter() func(int) byte {
	seen := make([]byte, blockBytes)
	return func(at int) byte {
		seen[at]++
		return seen[at]
	}
}

func pooled() *[]byte {
	block := make([]byte, blockBytes)
	return &block
}

func startTimer() {
	block := make([]byte, blockBytes)
	onTimer = time.AfterFunc(time.Hour, func() { fmt.Println(len(block)) })
}

//go:noinline
func free() {
	for i := 0; i < 3; i++ {
		sink = make([]byte, blockBytes)
	}
	sink = nil
}

// lose makes what nothing reaches any more by the time anybody looks.
//
//go:noinline
func lose() {
	for i := 0; i < 3; i++ {
		sink = make([]byte, blockBytes)
	}
	sink = nil
}

var (
	sink  []byte
	kept  []any
	shape shaper
)

type shaper interface{ make(depth int) any }

type square struct{ side int }

func (s square) make(depth int) any {
	if depth > 0 {
		return s.make(depth - 1)
	}
	return make([]int64, 4096+s.side)
}

// calls allocates by way of inlined, generic, wrapped and deep calls.
func calls() {
	kept = append(kept, inlined(70_000), of[int32](9000), of[int64](9000))
	shape = &square{side: 3}
	for _, depth := range []int{0, 5, 29, 30, 31, 32, 60, 140} {
		kept = append(kept, shape.make(depth), last(depth))
	}
	func() {
		defer func() { kept = append(kept, make([]byte, 64<<10), recover()) }()
		var null map[string]int
		null["x"] = 1
	}()
	words := map[string][]string{}
	for i := 0; i < 2000; i++ {
		key := fmt.Sprintf("key-%d", i)
		words[key[:5]] = append(words[key[:5]], key)
	}
	kept = append(kept, words)
}

func inlined(size int) []byte     { return inlinedOnce(size + 1) }
func inlinedOnce(size int) []byte { return make([]byte, size) }

//go:noinline
func of[T numbers](count int) []T { return make([]T, count) }

// last calls something inlined where the stack of a sample is cut.
//
//go:noinline
func last(depth int) any {
	if depth > 0 {
		return between(depth)
	}
	return inlined(66_000)
}

func between(depth int) any { return last(depth - 1) }
