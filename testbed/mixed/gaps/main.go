// Gaps holds any number of goroutines on 25 stacks and measures from inside how long it does not get to run: the longest time
// between two beats of a goroutine that sleeps one millisecond at a time.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof" // what goherd is compared with
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// longest is the longest gap between two beats since it was last asked for, in nanoseconds.
var longest atomic.Int64

func beat() {
	last := time.Now()
	for {
		time.Sleep(time.Millisecond)
		now := time.Now()
		if gap := int64(now.Sub(last)); gap > longest.Load() {
			longest.Store(gap)
		}
		last = now
	}
}

// ways are the five waits; with five depths they make 25 stacks.
func ways() []func() {
	var mutex sync.Mutex
	var group sync.WaitGroup
	mutex.Lock()
	group.Add(1)
	return []func(){
		func() { <-make(chan int) },
		func() { make(chan int) <- 1 },
		func() {
			select {
			case <-make(chan int):
			case <-make(chan string):
			}
		},
		func() { mutex.Lock() },
		func() { group.Wait() },
	}
}

//go:noinline
func descend(depth int, wait func()) {
	if depth == 0 {
		wait()
		return
	}
	descend(depth-1, wait)
}

func main() {
	count := flag.Int("n", 1000, "goroutines that wait")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { panic(http.Serve(listener, nil)) }()
	ways := ways()
	for i := 0; i < *count; i++ {
		go descend(i/len(ways)%5, ways[i%len(ways)])
	}
	time.Sleep(time.Second)
	runtime.GC()
	go beat()
	fmt.Println("ready", listener.Addr())
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		fmt.Println("gap", longest.Swap(0))
	}
}
