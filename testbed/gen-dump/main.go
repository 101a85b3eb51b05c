// Command gen-dump starts a mix of goroutines in every state a service shows and writes how they stand in each form Go can print.
//
//	gen-dump -n 10000 -mode debug2 -out dump.txt
//
// Modes: debug0, debug1, debug2, stack (runtime.Stack into one big buffer), quit (waits for SIGQUIT, dumps to standard error).
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

func main() {
	n := flag.Int("n", 1000, "goroutines")
	mode := flag.String("mode", "debug2", "debug0, debug1, debug2, stack or quit")
	out := flag.String("out", "", "file to write; standard output when empty")
	labels := flag.Bool("labels", false, "label a third of the goroutines")
	settle := flag.Duration("settle", 2*time.Second, "time for goroutines to block")
	flag.Parse()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mix := newMix(listener)
	for i := range *n {
		start := mix.start
		if *labels && i%3 == 0 {
			set := pprof.Labels("handler", fmt.Sprintf("/v1/item/%d", i%7), "tenant", "a b")
			start = func(i int) { pprof.Do(context.Background(), set, func(context.Context) { mix.start(i) }) }
		}
		start(i)
	}
	time.Sleep(*settle)
	if err := write(*mode, *out); err != nil {
		log.Fatal(err)
	}
}

func write(mode, out string) error {
	file := os.Stdout
	if out != "" {
		created, err := os.Create(out)
		if err != nil {
			return err
		}
		defer created.Close()
		file = created
	}
	switch mode {
	case "debug0", "debug1", "debug2":
		return pprof.Lookup("goroutine").WriteTo(file, int(mode[5]-'0'))
	case "stack":
		for size := 64 << 20; ; size *= 2 {
			text := make([]byte, size)
			if used := runtime.Stack(text, true); used < size {
				_, err := file.Write(text[:used])
				return err
			}
		}
	case "quit":
		fmt.Println("ready")
		select {}
	}
	return fmt.Errorf("unknown mode %q", mode)
}

// mix holds what the goroutines wait on, so that nothing is collected or closed.
type mix struct {
	never    chan int
	noRoom   chan int
	full     chan int
	nilChan  chan int
	held     sync.Mutex
	rw       sync.RWMutex
	pending  sync.WaitGroup
	cond     *sync.Cond
	locks    [32]sync.Mutex
	ctx      context.Context
	ticker   *time.Ticker
	listener net.Listener
}

func newMix(listener net.Listener) *mix {
	m := &mix{
		never:    make(chan int),
		noRoom:   make(chan int),
		full:     make(chan int, 1),
		ctx:      context.Background(),
		ticker:   time.NewTicker(time.Hour),
		listener: listener,
	}
	m.full <- 1
	m.held.Lock()
	m.rw.Lock()
	m.pending.Add(1)
	m.cond = sync.NewCond(&m.held)
	for i := range m.locks {
		m.locks[i].Lock()
	}
	return m
}

const states = 15

// start puts one goroutine into state i modulo states, at a depth that follows i; stacks are about as deep as a service's.
func (m *mix) start(i int) {
	depth := 5 + i/states%5
	switch i % states {
	case 0:
		go m.deep(depth, func() { <-m.never })
	case 1:
		go m.deep(depth, func() { m.noRoom <- i })
	case 2:
		go m.deep(depth, func() { m.full <- i })
	case 3:
		go m.deep(depth, func() {
			select {
			case <-m.ctx.Done():
			case v := <-m.never:
				fmt.Println(v)
			}
		})
	case 4:
		go m.deep(depth, func() { select {} })
	case 5:
		go m.deep(depth, func() { <-m.nilChan })
	case 6:
		go m.deep(depth, func() { m.nilChan <- 1 })
	case 7:
		go m.deep(depth, func() { m.locks[i%len(m.locks)].Lock() })
	case 8:
		go m.deep(depth, func() { m.rw.RLock() })
	case 9:
		go m.deep(depth, func() { m.rw.Lock() })
	case 10:
		go m.deep(depth, func() { m.pending.Wait() })
	case 11:
		go m.deep(depth, m.waitCond)
	case 12:
		go m.deep(depth, func() { time.Sleep(time.Hour) })
	case 13:
		go m.deep(depth, func() {
			for range m.ticker.C {
				runtime.Gosched()
			}
		})
	case 14:
		go m.read(depth)
	}
}

func (m *mix) waitCond() {
	c := sync.NewCond(new(sync.Mutex))
	c.L.Lock()
	defer c.L.Unlock()
	c.Wait()
}

// read blocks in IO; beyond a few connections the file limit would end the run, so the rest receive.
func (m *mix) read(depth int) {
	conn, err := net.Dial("tcp", m.listener.Addr().String())
	if err != nil {
		m.deep(depth, func() { <-m.never })
		return
	}
	defer conn.Close()
	m.deep(depth, func() {
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			<-m.never
		}
	})
}

//go:noinline
func (m *mix) deep(depth int, block func()) {
	if depth > 0 {
		m.deep(depth-1, block)
		return
	}
	block()
}
