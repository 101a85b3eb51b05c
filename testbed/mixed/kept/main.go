// Kept starts goroutines that wait on what one thing alone keeps within reach: a variable, an argument, a deferred call, a timer.
// All of them can be woken, so that nothing of this program may ever be called leaked.
package main

import (
	"flag"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"example.com/mixed/held"
)

type box struct {
	name string
	c    chan int
}

// keepers each start a waiter and keep what it waits on; most never return.
var keepers = map[string]func(){}

// once are keepers whose hold ends with a collection or two.
var once = map[string]func(){}

func long() { time.Sleep(time.Hour) }

func main() {
	busy := flag.Bool("busy", false, "make, pass on, use and drop all kinds of things to wait on")
	collect := flag.Bool("collect", false, "collect garbage all the time")
	spin := flag.Bool("spin", true, "keep some in registers alone")
	flag.Parse()
	runtime.GOMAXPROCS(2)
	for i := 0; i < 3; i++ {
		for _, keeper := range keepers {
			go keeper()
		}
	}
	if *spin {
		for i := 0; i < 3; i++ {
			go spinner()
		}
	}
	if *collect {
		go func() {
			for {
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
		}()
	} else {
		debug.SetGCPercent(-1)
		for _, keeper := range once {
			keeper()
		}
	}
	if *busy {
		debug.SetGCPercent(20)
		churn()
	}
	time.Sleep(300 * time.Millisecond)
	held.Serve()
}

//go:noinline
func waiter(c chan int) { <-c }

// start gives a channel somebody waits on; whoever has it is the only one.
//
//go:noinline
func start() chan int {
	c := make(chan int)
	go waiter(c)
	return c
}

//go:noinline
func spinner() {
	c := start()
	for n := uint64(1); ; n++ {
		if n == 0 {
			close(c)
		}
	}
}

// churn makes what goroutines wait on, wakes them in every way, and drops it.
func churn() {
	for i := 0; i < 4; i++ {
		for _, loop := range []func(){closes, sends, locks, reads, groups, conds, selects, moves, grows, timers} {
			loop := loop
			go func() {
				for {
					loop()
				}
			}()
		}
	}
}

func closes() {
	c := make(chan int)
	var done sync.WaitGroup
	done.Add(20)
	for i := 0; i < 20; i++ {
		go func() { <-c; done.Done() }()
	}
	runtime.Gosched()
	close(c)
	done.Wait()
}

func sends() {
	c, back := make(chan *box), make(chan chan int, 1)
	go func() { one := <-c; back <- one.c }()
	c <- &box{c: make(chan int)}
	answer := <-back
	go func() { answer <- 1 }()
	<-answer
}

func locks() {
	m, n := &sync.Mutex{}, new(int)
	var done sync.WaitGroup
	done.Add(4)
	for i := 0; i < 4; i++ {
		go func() { m.Lock(); *n++; runtime.Gosched(); m.Unlock(); done.Done() }()
	}
	done.Wait()
}

func reads() {
	m := &sync.RWMutex{}
	m.Lock()
	done := make(chan int, 4)
	for i := 0; i < 4; i++ {
		go func() { m.RLock(); runtime.Gosched(); m.RUnlock(); done <- 1 }()
	}
	go func() { m.Lock(); m.Unlock(); done <- 1 }()
	runtime.Gosched()
	m.Unlock()
	for i := 0; i < 5; i++ {
		<-done
	}
}

func groups() {
	g := &sync.WaitGroup{}
	g.Add(1)
	for i := 0; i < 4; i++ {
		go g.Wait()
	}
	runtime.Gosched()
	g.Done()
}

func conds() {
	c := sync.NewCond(&sync.Mutex{})
	ready := false
	done := make(chan int, 20)
	for i := 0; i < 20; i++ {
		go func() {
			c.L.Lock()
			for !ready {
				c.Wait()
			}
			c.L.Unlock()
			done <- 1
		}()
	}
	runtime.Gosched()
	c.L.Lock()
	ready = true
	c.L.Unlock()
	c.Broadcast()
	for i := 0; i < 20; i++ {
		<-done
	}
}

func selects() {
	a, b := make(chan int), make(chan int)
	go func() {
		select {
		case <-a:
		case b <- 1:
		}
		close(a)
	}()
	select {
	case a <- 1:
	case <-b:
	}
	<-a
}

// moves passes a channel on from map to map and from slice to slice.
func moves() {
	c := start()
	maps := map[int]chan int{0: c}
	list := []chan int{c}
	c = nil
	for i := 1; i < 200; i++ {
		next := make(map[int]chan int)
		for key := 0; key < i%20; key++ {
			next[key+1] = nil
		}
		next[0] = maps[0]
		maps = next
		list = append(append([]chan int{nil}, list[len(list)-1:]...)[1:2:2], nil)[:1]
	}
	if maps[0] != list[0] {
		panic("lost")
	}
	close(list[0])
}

// grows lets the stack grow under what it keeps.
func grows() {
	b := box{c: start()}
	deep(&b, 200)
	close(b.c)
}

//go:noinline
func deep(b *box, n int) int {
	var room [64]int
	if n > 0 {
		room[n%64] = deep(b, n-1)
	} else if n < 0 {
		close(b.c)
	}
	return room[n%64] + n
}

func timers() {
	c := make(chan int)
	time.AfterFunc(time.Millisecond, func() { close(c) })
	<-c
}
