package main

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"strconv"
	"sync"
)

// lost is a goroutine that never ends.
type lost struct {
	Goroutine uint64 `json:"goroutine"`
	Pattern   string `json:"pattern"`
	// Inside is whether it was created inside the trace.
	Inside bool `json:"inside"`
}

// ways are the ways to lose a goroutine; each tells its id before it hangs.
var ways = []struct {
	pattern string
	lose    func(ids chan<- uint64)
}{
	{"LK001", sendUnread},
	{"LK002", receiveUnsent},
	{"LK003", nilChannel},
	{"LK004", selectForNothing},
	{"LK005", neverCancelled},
	{"LK006", neverDone},
	{"LK010", neverSignalled},
	{"LK011", readWithoutDeadline},
	{"DL001", lockedTwice},
}

// peers are the far ends of connections nobody writes to; unreferenced they would be closed.
var peers []net.Conn

// plant loses n, 2n or 3n goroutines in each way and answers which they are.
func plant(n int, inside bool) []lost {
	list := []lost{}
	ids := make(chan uint64)
	for at, way := range ways {
		for i := 0; i < n*(1+at%3); i++ {
			way.lose(ids)
			list = append(list, lost{<-ids, way.pattern, inside})
		}
	}
	return list
}

func sendUnread(ids chan<- uint64) {
	results := make(chan int)
	go func() { // from LK001
		ids <- id()
		results <- 1 // want LK001
	}()
}

func receiveUnsent(ids chan<- uint64) {
	jobs := make(chan int)
	go func() { // from LK002
		ids <- id()
		for range jobs { // want LK002
		}
	}()
}

func nilChannel(ids chan<- uint64) {
	var updates chan int
	go func() { // from LK003
		ids <- id()
		<-updates // want LK003
	}()
}

func selectForNothing(ids chan<- uint64) {
	first, second := make(chan int), make(chan int)
	go func() { // from LK004
		ids <- id()
		select { // want LK004
		case <-first:
		case <-second:
		}
	}()
}

func neverCancelled(ids chan<- uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go func() { // from LK005
		ids <- id()
		<-ctx.Done() // want LK005
	}()
}

func neverDone(ids chan<- uint64) {
	group := new(sync.WaitGroup)
	group.Add(1)
	go func() { // from LK006
		ids <- id()
		group.Wait() // want LK006
	}()
}

func neverSignalled(ids chan<- uint64) {
	lock := new(sync.Mutex)
	ready := sync.NewCond(lock)
	go func() { // from LK010
		ids <- id()
		lock.Lock()
		ready.Wait() // want LK010
		lock.Unlock()
	}()
}

func readWithoutDeadline(ids chan<- uint64) {
	near, far := connected()
	peers = append(peers, far)
	go func() { // from LK011
		ids <- id()
		_, err := near.Read(make([]byte, 1)) // want LK011
		_ = err
	}()
}

func lockedTwice(ids chan<- uint64) {
	lock := new(sync.Mutex)
	go func() { // from DL001
		ids <- id()
		lock.Lock()
		lock.Lock() // want DL001
		lock.Unlock()
	}()
}

// connected is a loopback connection's two ends.
func connected() (net.Conn, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	near, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	far, err := listener.Accept()
	check(err)
	check(listener.Close())
	return near, far
}

// id is the number of the calling goroutine, as its stack says it.
func id() uint64 {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	word, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("goroutine ")), []byte(" "))
	number, err := strconv.ParseUint(string(word), 10, 64)
	check(err)
	return number
}
