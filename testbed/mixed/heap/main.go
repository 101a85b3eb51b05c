// Heap holds as many gigabytes of small objects full of pointers as told, and goroutines of which some can be woken through them
// and the others not at all; it measures from inside how long it does not get to run and how much it gets done.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// node is 64 bytes; four of its words are pointers.
type node struct {
	next, left, right *node
	wake              chan int
	value             [4]uint64
}

const (
	nodeBytes = 64
	// A node of each page and more: those that are written to.
	nodesAPage = 64
)

var (
	// list is all that keeps the nodes.
	list *node
	// written holds one node of each page.
	written []*node
	work    atomic.Int64
	longest atomic.Int64
)

// grow builds the list, with a channel for every goroutine that can be woken spread over it.
func grow(bytes float64, channels []chan int) {
	count := max(int(bytes/nodeBytes), len(channels), nodesAPage)
	every := max(count/max(len(channels), 1), 1)
	for i := 0; i < count; i++ {
		own := &node{next: list, left: list, right: list}
		if i%every == 0 && i/every < len(channels) {
			own.wake = channels[i/every]
		}
		if i%nodesAPage == 0 {
			written = append(written, own)
		}
		if i%1024 == 0 && len(written) > 1 {
			own.right = written[rand.Intn(len(written))]
		}
		list = own
	}
}

func leaked(c chan int)  { <-c }
func healthy(c chan int) { <-c }

// beat runs on a thread of its own and keeps the longest time between two looks at the clock, in nanoseconds.
func beat() {
	runtime.LockOSThread()
	pause := syscall.Timespec{Nsec: 200_000}
	last := time.Now()
	for {
		_ = syscall.Nanosleep(&pause, nil) // whoever interrupts it only makes it look sooner
		now := time.Now()
		if gap := int64(now.Sub(last)); gap > longest.Load() {
			longest.Store(gap)
		}
		last = now
	}
}

// write changes one word on a page, page after page in no order: what a copy on write is dearest for.
func write(seed int64) {
	const batch = 1000
	random := rand.New(rand.NewSource(seed))
	for {
		for i := 0; i < batch; i++ {
			own := written[random.Intn(len(written))]
			own.value[0]++
		}
		work.Add(batch)
	}
}

func main() {
	gib := flag.Float64("gib", 0.1, "GiB of nodes")
	woken := flag.Int("n", 1000, "goroutines that can be woken")
	lost := flag.Int("leaked", 1000, "goroutines nothing can wake")
	writers := flag.Int("writers", 0, "goroutines that write to every page")
	flag.Parse()
	debug.SetGCPercent(25)
	started := make(chan struct{})
	go func() {
		defer close(started)
		channels := make([]chan int, *woken)
		for i := range channels {
			channels[i] = make(chan int)
			go healthy(channels[i])
		}
		grow(*gib*(1<<30), channels)
		for i := 0; i < *lost; i++ {
			go leaked(make(chan int))
		}
	}()
	<-started
	time.Sleep(time.Second)
	debug.FreeOSMemory()
	go beat()
	for i := 0; i < *writers; i++ {
		go write(int64(i))
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println("ready", stats.HeapAlloc)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		word, path, _ := strings.Cut(input.Text(), " ")
		switch word {
		case "gap":
			fmt.Println("done", longest.Swap(0))
		case "work":
			fmt.Println("done", work.Swap(0))
		case "leaks":
			fmt.Println("done", leaks(path))
		default:
			fmt.Println("unknown command", word)
		}
	}
}

// leaks writes the runtime's own list of leaked goroutines and says how many it names.
func leaks(path string) int {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		return -1
	}
	file, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	// Form 0 has the counts without a line a goroutine.
	if err := profile.WriteTo(file, 0); err != nil {
		panic(err)
	}
	if err := file.Close(); err != nil {
		panic(err)
	}
	return profile.Count()
}
