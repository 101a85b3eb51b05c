// Command forms shows one goroutine dump in the form its argument names, so that the readers are tested on what Go prints.
//
// It builds with Go 1.21 and later; record.sh runs it on each version.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

type pair[K comparable, V any] struct {
	key   K
	value V
	mu    sync.Mutex
}

//go:noinline
func (p *pair[K, V]) wait(ch chan V) V {
	return <-ch
}

var (
	never  = make(chan int)
	locked sync.Mutex
	group  sync.WaitGroup
)

func main() {
	debug.SetGCPercent(-1)
	locked.Lock()
	group.Add(1)
	start()
	time.Sleep(200 * time.Millisecond)
	switch os.Args[1] {
	case "debug0", "debug1", "debug2":
		must(pprof.Lookup("goroutine").WriteTo(os.Stdout, int(os.Args[1][5]-'0')))
	case "leak0", "leak1", "leak2":
		go func() { <-make(chan int) }()
		time.Sleep(50 * time.Millisecond)
		must(pprof.Lookup("goroutineleak").WriteTo(os.Stdout, int(os.Args[1][4]-'0')))
	case "quit":
		must(syscall.Kill(os.Getpid(), syscall.SIGQUIT))
		time.Sleep(time.Minute)
	case "deadlock":
		select {}
	case "panic":
		go fail("lost")
		select {}
	case "repanic":
		defer func() { panic(fmt.Sprint("again: ", recover())) }()
		panic("first")
	case "segv":
		var p *pair[string, int]
		fmt.Println(p.value)
	case "throw":
		m := map[int]int{}
		for range [4]int{} {
			go func() {
				for i := 0; ; i++ {
					m[i%8] = i
				}
			}()
		}
		select {}
	}
}

func start() {
	go func() { never <- 1 }()
	go (&pair[string, int]{}).wait(make(chan int))
	go locked.Lock()
	go group.Wait()
	go func() { select {} }()
	go func() {
		runtime.LockOSThread()
		<-never
	}()
	go recurse(120)
	labels := pprof.Labels("handler", "/v1/items", "note", `a]: "b" {c}`)
	go pprof.Do(context.Background(), labels, func(context.Context) { var ch chan int; <-ch })
	if len(os.Args) > 2 {
		go parent()
	}
}

func parent() {
	go child()
	select {}
}

func child() { <-make(chan bool) }

//go:noinline
func recurse(n int) int {
	if n == 0 {
		select {}
	}
	return recurse(n-1) + 1
}

func fail(why string) { panic(why) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}
