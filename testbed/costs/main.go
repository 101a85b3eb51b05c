// Command costs allocates and waits at lines that say what they cost, and writes its heap, mutex and block profiles.
//
//	costs -out DIR [-rate BYTES]
//
// A line marked `// escapes N x SIZE` puts N objects of SIZE bytes on the heap because the compiler cannot keep them on the stack.
// `kept` follows where they stay, `grows` where most of them come after the first heap profile; sizes and counts are those of the second.
// `// unlocks` marks where a lock is let go that others wait for, `// waits` where they wait.
//
// It is built with every Go version since 1.21, in a module of its own, and uses the standard library only.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"example.com/costs/store"
)

const (
	orders  = 4000
	records = 3000
	buffers = 8
	bodies  = 2000
	boxes   = 1500
	calls   = 2500
	steady  = 40
	late    = 60
	flood   = 600
)

type order struct {
	id    int
	parts [15]int
}

var (
	sink  any
	held  [][]byte
	cache = &store.Cache{}
	queue []func() int
)

func main() {
	out := flag.String("out", ".", "folder to write to")
	rate := flag.Int("rate", 1, "bytes between two samples of the heap")
	flag.Parse()
	runtime.MemProfileRate = *rate
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)

	allocate()
	keep(steady)
	write(*out, "heap", "heap-1")
	keep(late)
	write(*out, "heap", "heap-2")
	keep(flood)
	write(*out, "heap", "heap-3")
	contend()
	write(*out, "mutex", "mutex")
	write(*out, "block", "block")
	runtime.KeepAlive(queue)
}

func write(out, kind, file string) {
	// Counts of the heap are those of the last collection but one.
	runtime.GC()
	runtime.GC()
	target, err := os.Create(filepath.Join(out, file+".pb.gz"))
	if err != nil {
		log.Fatal(err)
	}
	if err := pprof.Lookup(kind).WriteTo(target, 0); err != nil {
		log.Fatal(err)
	}
	if err := target.Close(); err != nil {
		log.Fatal(err)
	}
}

func allocate() {
	sum := 0
	for i := 0; i < orders; i++ {
		sum += newOrder(i).id
	}
	for i := 0; i < records; i++ {
		sink = store.NewRecord(i) // escapes 3000 x 96
	}
	for i := 0; i < bodies; i++ {
		sum += len(body(200 + i%2*312))
	}
	for i := 0; i < boxes; i++ {
		pair := [4]int{i, sum}
		sink = pair // escapes 1500 x 32
	}
	for i := 0; i < calls; i++ {
		later(i)
	}
	for i := 0; i < buffers; i++ {
		held = append(held, buffer(512<<10))
	}
	sink = sum
}

// newOrder is not inlined, so what it moves to the heap is charged to its own line.
//
//go:noinline
func newOrder(id int) *order {
	o := order{id: id} // escapes 4000 x 128
	return &o
}

// body has two sizes at one line.
//
//go:noinline
func body(size int) []byte {
	return make([]byte, size) // escapes 2000 x 360
}

//go:noinline
func buffer(size int) []byte {
	return make([]byte, size) // escapes 8 x 524288 kept
}

//go:noinline
func later(n int) {
	queue = append(queue[:0], func() int { return n }) // escapes 2500 x 16
}

// keep adds entries of 64 KiB to the cache and drops none.
func keep(entries int) {
	for i := 0; i < entries; i++ {
		cache.Put(64 << 10)
	}
}

// contend makes four goroutines take turns at one lock, and at one that readers share.
func contend() {
	var group sync.WaitGroup
	var ledger store.Ledger
	answers := make(chan int)
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 40; i++ {
				ledger.Post(i)
				ledger.Sum(i)
			}
			answers <- 1
		}()
	}
	for worker := 0; worker < 4; worker++ {
		time.Sleep(time.Millisecond)
		<-answers // waits
	}
	group.Wait()
}
