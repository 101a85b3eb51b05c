// Command profiles works, waits and allocates in ways it knows, and writes a profile of every kind in both forms Go has: profile.proto
// and text. Both are taken of the same state, so what one says the other must.
//
//	profiles -out DIR
//
// It is built with every Go version since 1.21, in a module of its own, and uses the standard library only.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"
)

var (
	kept   [][]byte
	sink   int
	opened = pprof.NewProfile("example.com/handles")
)

func main() {
	runtime.MemProfileRate = 8 << 10
	out := flag.String("out", ".", "folder to write to")
	busy := flag.Duration("busy", 1500*time.Millisecond, "CPU time to spend")
	flag.Parse()
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(5)

	compute(*out, *busy)
	contend()
	allocate()
	for i := 0; i < 3; i++ {
		opened.Add(new(int), 0)
	}
	park()

	// Counts of the heap are those of the last collection but one.
	runtime.GC()
	runtime.GC()
	runtime.SetBlockProfileRate(0)
	for _, kind := range []string{"heap", "allocs", "block", "mutex", "goroutine", "threadcreate"} {
		write(*out, kind, kind)
	}
	write(*out, "custom", "example.com/handles")
	runtime.KeepAlive(kept)
}

func write(out, file, kind string) {
	for debug, ending := range []string{"pb.gz", "txt"} {
		target, err := os.Create(filepath.Join(out, file+"."+ending))
		if err != nil {
			log.Fatal(err)
		}
		if err := pprof.Lookup(kind).WriteTo(target, debug); err != nil {
			log.Fatal(err)
		}
		if err := target.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// compute spends CPU time under labels: recursion, generic functions, closures, calls through interfaces, calls that are inlined.
func compute(out string, busy time.Duration) {
	target, err := os.Create(filepath.Join(out, "cpu.pb.gz"))
	if err != nil {
		log.Fatal(err)
	}
	if err := pprof.StartCPUProfile(target); err != nil {
		log.Fatal(err)
	}
	end := time.Now().Add(busy)
	for round := 0; time.Now().Before(end); round++ {
		labels := pprof.Labels("route", fmt.Sprintf("/v1/%d", round%3), "tenant", "a b")
		pprof.Do(context.Background(), labels, func(context.Context) {
			sink += ackermann(2, 300)
			sink += len(encoded(round))
		})
		sink += reduce([]int{1, 2, 3, round}, func(a, b int) int { return scramble(a) ^ b })
		for _, s := range []summer{&digest{}, &words{text: strings.Repeat("a bc def ", 400)}} {
			sink += s.sum()
		}
	}
	pprof.StopCPUProfile()
	if err := target.Close(); err != nil {
		log.Fatal(err)
	}
}

func ackermann(m, n int) int {
	if m == 0 {
		return n + 1
	}
	if n == 0 {
		return ackermann(m-1, 1)
	}
	return ackermann(m-1, ackermann(m, n-1))
}

func encoded(round int) []byte {
	text, err := json.Marshal(map[string]any{"round": round, "names": strings.Fields("a b c d e f g h"), "nested": map[string]int{"x": 1}})
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func reduce[T any](items []T, add func(T, T) T) T {
	sum := items[0]
	for round := 0; round < 20000; round++ {
		for _, item := range items[1:] {
			sum = add(sum, item)
		}
	}
	return sum
}

// scramble is small enough to be inlined.
func scramble(n int) int {
	n ^= n << 13
	n ^= n >> 7
	return n ^ n<<17
}

type summer interface{ sum() int }

type digest struct{ block [64 << 10]byte }

func (d *digest) sum() int {
	sum := sha256.Sum256(d.block[:])
	return int(sum[0])
}

type words struct{ text string }

func (w *words) sum() int {
	fields := strings.Fields(w.text)
	sort.Strings(fields)
	return len(fields)
}

// contend makes goroutines wait for a lock, a channel, a select, a group and a condition.
func contend() {
	var lock sync.Mutex
	var shared sync.RWMutex
	var group sync.WaitGroup
	queue := make(chan int)
	quit := make(chan struct{})
	ready := sync.NewCond(&lock)
	open := false
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 60; i++ {
				hold(&lock)
				readOrWrite(&shared, i)
			}
			for range queue {
				time.Sleep(100 * time.Microsecond)
			}
			select {
			case <-quit:
			case <-time.After(time.Minute):
			}
			lock.Lock()
			for !open {
				ready.Wait()
			}
			lock.Unlock()
		}()
	}
	for i := 0; i < 100; i++ {
		queue <- i
	}
	close(queue)
	time.Sleep(20 * time.Millisecond)
	close(quit)
	time.Sleep(20 * time.Millisecond)
	lock.Lock()
	open = true
	ready.Broadcast()
	lock.Unlock()
	group.Wait()
}

func hold(lock *sync.Mutex) {
	lock.Lock()
	defer lock.Unlock()
	time.Sleep(200 * time.Microsecond)
}

func readOrWrite(shared *sync.RWMutex, i int) {
	if i%4 == 0 {
		shared.Lock()
		time.Sleep(100 * time.Microsecond)
		shared.Unlock()
		return
	}
	shared.RLock()
	time.Sleep(50 * time.Microsecond)
	shared.RUnlock()
}

// allocate keeps blocks of many sizes and drops others.
func allocate() {
	for i := 0; i < 400; i++ {
		kept = append(kept, block(64<<(i%8)))
		sink += len(block(32 + i%100*64))
	}
	kept = append(kept, deep(40))
	table := map[string]*words{}
	for i := 0; i < 2000; i++ {
		table[fmt.Sprint(i)] = &words{text: strings.Repeat("x", i%50)}
	}
	sink += len(table)
}

func block(size int) []byte { return make([]byte, size) }

func deep(depth int) []byte {
	if depth == 0 {
		return make([]byte, 3<<20)
	}
	return deep(depth - 1)
}

// park leaves goroutines behind, some of them labelled.
func park() {
	never := make(chan int)
	for i := 0; i < 30; i++ {
		labels := pprof.Labels("queue", fmt.Sprintf("q%d", i%3))
		pprof.Do(context.Background(), labels, func(context.Context) {
			go receive(never)
		})
	}
	full := make(chan int)
	for i := 0; i < 20; i++ {
		go func() { full <- 1 }()
	}
	var lock sync.Mutex
	lock.Lock()
	go lock.Lock()
	time.Sleep(50 * time.Millisecond)
}

func receive(never chan int) { sink += <-never }
