// Parked holds goroutines in every state that lasts, so that what is read of them from outside can be compared with what the
// process prints itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"syscall"
	"time"

	"example.com/mixed/held"
)

type box[T any] struct{ c chan T }

func (b *box[T]) take() T { return <-b.c }

type waiter interface{ wait(depth int) }

type deep struct{ c chan int }

func (d deep) wait(depth int) {
	if depth > 0 {
		d.wait(depth - 1)
		return
	}
	<-d.c
}

func inlined(c chan int) int     { return inlinedOnce(c) }
func inlinedOnce(c chan int) int { return <-c }

func less(c chan int) {
	s := []int{2, 1}
	sort.Slice(s, func(i, j int) bool { <-c; return s[i] < s[j] })
}

func recovering(c chan int) {
	defer func() {
		recover()
		<-c
	}()
	var m map[string]int
	m["x"] = 1
}

// shared is what many goroutines wait for together.
type shared struct {
	mutex sync.Mutex
	rw    sync.RWMutex
	group sync.WaitGroup
	guard sync.Mutex
	cond  *sync.Cond
}

func main() {
	each := flag.Int("n", 20, "goroutines of each kind")
	depth := flag.Int("deep", 300, "calls of the deepest stack")
	loops := flag.Int("churn", 0, "loops that start goroutines which end at once")
	spins := flag.Int("spin", 0, "goroutines that compute without end")
	flag.Parse()
	kinds := kinds()
	for i := 0; i < *each; i++ {
		for index, kind := range kinds {
			start(i, index, kind)
		}
	}
	singles(*depth)
	for i := 0; i < *loops; i++ {
		go churn()
	}
	for i := 0; i < *spins; i++ {
		go spin()
	}
	time.Sleep(300 * time.Millisecond)
	held.Serve()
}

func start(i, index int, kind func(i int)) {
	if index%5 != 4 {
		go kind(i)
		return
	}
	labels := pprof.Labels("kind", fmt.Sprint(index), "tenant", fmt.Sprintf("t-%d", i%3))
	pprof.Do(context.Background(), labels, func(context.Context) { go kind(i) })
}

func kinds() []func(i int) {
	s := &shared{}
	s.mutex.Lock()
	s.rw.Lock()
	s.group.Add(1)
	s.cond = sync.NewCond(&s.guard)
	var null chan int
	return []func(i int){
		func(int) { <-make(chan int) },
		func(int) { make(chan int) <- 1 },
		func(int) { <-null },
		func(int) { null <- 1 },
		func(int) { select {} },
		func(int) {
			select {
			case <-make(chan int):
			case make(chan string) <- "x":
			}
		},
		func(int) { s.mutex.Lock() },
		func(int) { s.rw.RLock() },
		func(int) { s.rw.Lock() },
		func(int) { s.group.Wait() },
		func(int) { s.guard.Lock(); s.cond.Wait() },
		func(int) { time.Sleep(time.Hour) },
		func(int) { (&box[int]{make(chan int)}).take() },
		func(int) { (&box[map[string]any]{make(chan map[string]any)}).take() },
		func(i int) { deep{make(chan int)}.wait(i % 7) },
		func(int) { var w waiter = &deep{make(chan int)}; w.wait(3) },
		func(int) { inlined(make(chan int)) },
		func(int) { less(make(chan int)) },
		func(int) { take := (&box[string]{make(chan string)}).take; take() },
		func(int) { recovering(make(chan int)) },
		func(int) {
			for range time.NewTicker(time.Hour).C {
			}
		},
		func(int) { ctx, cancel := context.WithCancel(context.Background()); defer cancel(); <-ctx.Done() },
	}
}

// silent is the end of a pipe nothing is written to; once collected it would be closed, and its reader would end.
var silent *os.File

// singles starts what one of is enough.
func singles(depth int) {
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	silent = writer
	go func() { reader.Read(make([]byte, 1)) }()
	go func() { listener.Accept() }()
	go deep{make(chan int)}.wait(depth)
	go deep{make(chan int)}.wait(97)
	go deep{make(chan int)}.wait(98)
	go deep{make(chan int)}.wait(99)
	go func() { runtime.LockOSThread(); <-make(chan int) }()
	go func() {
		var pipe [2]int
		if err := syscall.Pipe(pipe[:]); err != nil {
			panic(err)
		}
		syscall.Read(pipe[0], make([]byte, 1))
	}()
}

func churn() {
	for {
		c := make(chan int)
		go func() { churnSend(c) }()
		<-c
	}
}

func churnSend(c chan int) {
	time.Sleep(time.Millisecond)
	c <- 1
}

//go:noinline
func spin() {
	for i := 0; ; i++ {
		if i < 0 {
			return
		}
	}
}
