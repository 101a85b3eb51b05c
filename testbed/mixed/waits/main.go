// Waits holds goroutines on every kind of object there is to wait on, and writes down what it knows of these objects, so that what is
// read of them from outside can be compared.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/mixed/held"
)

// truth is what the program knows: a name, then words, a line each.
var truth strings.Builder

func know(name string, words ...any) {
	fmt.Fprintln(&truth, append([]any{name}, words...)...)
}

// started counts goroutines that are about to wait.
var started atomic.Int64

func start(f func()) {
	want := started.Load() + 1
	go func() {
		started.Add(1)
		f()
	}()
	for started.Load() < want {
		time.Sleep(time.Millisecond)
	}
}

func send(c chan int)    { c <- 1 }
func receive(c chan int) { <-c }

//go:noinline
func channels() {
	full := make(chan int, 3)
	for i := 0; i < cap(full); i++ {
		full <- i
	}
	for i := 0; i < 4; i++ {
		start(func() { send(full) })
	}
	know("full", fmt.Sprintf("%p", full))
	idle := make(chan int)
	for i := 0; i < 2; i++ {
		start(func() { receive(idle) })
	}
	know("idle", fmt.Sprintf("%p", idle))
	start(func() { receive(nil) })
	start(func() { select {} })
	in, out, more := make(chan int), make(chan int), make(chan int, 5)
	start(func() {
		select {
		case <-in:
		case out <- 1:
		case <-more:
		}
	})
	know("three", fmt.Sprintf("%p %p %p", in, out, more))
	for i := 0; i < 20; i++ {
		own := make(chan int)
		start(func() { alike(own) })
	}
}

func alike(c chan int) { <-c }

//go:noinline
func times() {
	timer := time.NewTimer(time.Hour)
	know("timer", fmt.Sprintf("%p", timer.C))
	start(func() { <-timer.C })
	start(func() { time.Sleep(2 * time.Hour) })
}

//go:noinline
func locks() {
	rw, hold := new(sync.RWMutex), make(chan int)
	for i := 0; i < 2; i++ {
		start(func() { readAndHold(rw, hold) })
	}
	time.Sleep(10 * time.Millisecond)
	start(func() { rw.Lock() })
	time.Sleep(10 * time.Millisecond)
	start(func() { rw.RLock() })
	know("rw", fmt.Sprintf("%p", rw))
	group := new(sync.WaitGroup)
	group.Add(3)
	start(func() { group.Wait() })
	know("group", fmt.Sprintf("%p", group))
	cond := sync.NewCond(new(sync.Mutex))
	start(func() {
		cond.L.Lock()
		cond.Wait()
	})
	know("cond", fmt.Sprintf("%p", cond))
	mutex := new(sync.Mutex)
	start(func() { lockAndHold(mutex, hold) })
	time.Sleep(10 * time.Millisecond)
	for i := 0; i < 3; i++ {
		start(func() { mutex.Lock() })
	}
	know("mutex", fmt.Sprintf("%p", mutex))
}

func readAndHold(rw *sync.RWMutex, hold chan int) {
	rw.RLock()
	<-hold
	rw.RUnlock()
}

func lockAndHold(mutex *sync.Mutex, hold chan int) {
	mutex.Lock()
	<-hold
	mutex.Unlock()
}

//go:noinline
func rings() {
	x, y := make(chan int), make(chan int)
	start(func() { pass(x, y) })
	start(func() { pass(y, x) })
	know("ring", fmt.Sprintf("%p %p", x, y))
	a, b, met := new(sync.Mutex), new(sync.Mutex), new(sync.WaitGroup)
	met.Add(2)
	start(func() { both(a, b, met) })
	start(func() { both(b, a, met) })
	know("abba", fmt.Sprintf("%p %p", a, b))
}

func pass(from, to chan int) {
	n := <-from
	to <- n
}

func both(first, second *sync.Mutex, met *sync.WaitGroup) {
	first.Lock()
	met.Done()
	met.Wait()
	second.Lock()
	second.Unlock()
	first.Unlock()
}

//go:noinline
func sockets() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	know("listener", listener.Addr())
	start(func() {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		start(func() { conn.Read(make([]byte, 1)) })
		know("accepted", conn.LocalAddr(), conn.RemoteAddr())
		listener.Accept()
	})
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	start(func() { conn.Read(make([]byte, 1)) })
}

// forget overwrites what the functions before have left on the stack.
//
//go:noinline
func forget(depth int) byte {
	var room [4096]byte
	room[depth%len(room)] = byte(depth)
	if depth > 0 {
		return forget(depth-1) + room[depth]
	}
	return room[0]
}

// newTimers starts the program again with the timers of Go 1.23, which an older go.mod keeps it from having.
func newTimers() {
	const setting = "asynctimerchan=0"
	debug := os.Getenv("GODEBUG")
	if strings.Contains(debug, setting) {
		return
	}
	os.Setenv("GODEBUG", strings.TrimPrefix(debug+","+setting, ","))
	panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

func main() {
	newTimers()
	path := flag.String("truth", "", "file to write down what is known")
	flag.Parse()
	for _, f := range []func(){channels, times, locks, rings, sockets} {
		f()
	}
	time.Sleep(100 * time.Millisecond)
	forget(8)
	if err := os.WriteFile(*path, []byte(truth.String()), 0o600); err != nil {
		panic(err)
	}
	held.Serve()
}
