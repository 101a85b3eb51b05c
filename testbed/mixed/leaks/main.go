// Leaks starts goroutines nothing can wake, twenty of each kind, and others that wait as long and can be woken.
package main

import (
	"context"
	"flag"
	"runtime"
	"sync"
	"time"

	"example.com/mixed/held"
)

const each = 20

// What is reachable from here can be woken.
var (
	kept      []chan int
	registry  = map[int]chan int{}
	gate      sync.Mutex
	published sync.WaitGroup
	ready     = newCond()
	cancels   []context.CancelFunc
)

type pair struct{ in, out chan int }

// newCond has a lock too large to share its memory with another object.
func newCond() *sync.Cond { return sync.NewCond(new(sync.RWMutex)) }

func leak(i int) {
	go leakedSend(make(chan int))
	go leakedReceive(make(chan int))
	go leakedRange(make(chan int, 3))
	go leakedSelect(make(chan int), make(chan string))
	go leakedNil(nil)
	go leakedForever()
	go leakedMutex(&sync.Mutex{})
	go leakedReaders(&sync.RWMutex{})
	go leakedGroup(&sync.WaitGroup{})
	p := &pair{make(chan int), make(chan int)}
	go leakedRing(p.in, p.out)
	go leakedRing(p.out, p.in)
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go leakedContext(ctx)
	go leakedCond(newCond())
}

func leakedSend(c chan int)    { c <- 1 }
func leakedReceive(c chan int) { <-c }
func leakedRange(c chan int) {
	for range c {
	}
}
func leakedSelect(a chan int, b chan string) {
	select {
	case <-a:
	case b <- "":
	}
}
func leakedNil(c chan int)              { <-c }
func leakedForever()                    { select {} }
func leakedMutex(m *sync.Mutex)         { m.Lock(); m.Lock() }
func leakedReaders(m *sync.RWMutex)     { m.Lock(); m.RLock() }
func leakedGroup(g *sync.WaitGroup)     { g.Add(1); g.Wait() }
func leakedRing(in, out chan int)       { out <- <-in }
func leakedContext(ctx context.Context) { <-ctx.Done() }
func leakedCond(c *sync.Cond)           { c.L.Lock(); c.Wait() }

type closer struct{ c chan int }

func healthy(i int) {
	c := make(chan int)
	kept = append(kept, c)
	go healthyGlobal(c)
	d := make(chan int)
	registry[i] = d
	go healthyMap(d)
	go healthyLock()
	published.Add(1)
	go healthyGroup()
	go healthyCond()
	own := newCond()
	time.AfterFunc(time.Hour, own.Signal)
	go healthyOwnCond(own)
	e := make(chan int)
	time.AfterFunc(time.Hour, func() { close(e) })
	go healthyTimer(e)
	go healthyTicker(time.NewTicker(time.Hour).C)
	f := make(chan int)
	owner := &closer{f}
	runtime.SetFinalizer(owner, func(owner *closer) { close(owner.c) })
	go healthyFinalizer(f)
	g := make(chan int)
	go healthySleeper(g)
	go healthySlept(g)
	ctx, cancel := context.WithCancel(context.Background())
	cancels = append(cancels, cancel)
	go healthyContext(ctx)
	h := make(chan func())
	go healthyClosure(h)
	time.AfterFunc(time.Hour, func() { h <- nil })
}

func healthyGlobal(c chan int) { <-c }
func healthyMap(c chan int)    { c <- 1 }
func healthyLock()             { gate.Lock() }
func healthyGroup()            { published.Wait() }
func healthyCond()             { ready.L.Lock(); ready.Wait() }
func healthyOwnCond(c *sync.Cond) {
	c.L.Lock()
	c.Wait()
}
func healthyTimer(c chan int) { <-c }
func healthyTicker(c <-chan time.Time) {
	for range c {
	}
}
func healthyFinalizer(c chan int)        { <-c }
func healthySleeper(c chan int)          { time.Sleep(time.Hour); c <- 1 }
func healthySlept(c chan int)            { <-c }
func healthyContext(ctx context.Context) { <-ctx.Done() }
func healthyClosure(c chan func())       { <-c }

// churn makes, uses and drops channels as fast as it can.
func churn() {
	for {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}
}

func main() {
	leaky := flag.Bool("leak", true, "start those nothing can wake")
	loops := flag.Int("churn", 0, "loops that make, use and drop channels")
	collect := flag.Bool("collect", false, "collect garbage all the time")
	flag.Parse()
	gate.Lock()
	// As a request would: whoever started them is gone.
	started := make(chan struct{})
	go func() {
		defer close(started)
		for i := 0; i < each; i++ {
			if *leaky {
				leak(i)
			}
			healthy(i)
		}
	}()
	<-started
	for i := 0; i < *loops; i++ {
		go churn()
	}
	if *collect {
		go func() {
			for {
				runtime.GC()
			}
		}()
	}
	time.Sleep(300 * time.Millisecond)
	held.Serve()
}
