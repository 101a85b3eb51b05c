package main

import (
	"context"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// kinds are the ways to leak; each call leaks one goroutine, but for "none".
var kinds = map[string]func(){
	"none":      func() {},
	"send":      leakSend,
	"receive":   leakReceive,
	"nil":       leakNilChannel,
	"select":    leakSelect,
	"ctx":       leakContext,
	"waitgroup": leakWaitGroup,
	"ticker":    leakTicker,
	"cond":      leakCond,
	"io":        leakIO,
	"mutex":     leakMutex,
}

func kindNames() string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// settle gives leaked goroutines the time to reach the line they block on.
func settle() {
	for range 10 {
		runtime.Gosched()
		time.Sleep(5 * time.Millisecond)
	}
}

func leakSend() {
	results := make(chan int)
	go sendResult(results) // from LK001
}

func sendResult(results chan<- int) {
	results <- 1 // want LK001
}

func leakReceive() {
	jobs := make(chan int)
	go takeJobs(jobs) // from LK002
}

func takeJobs(jobs <-chan int) {
	for range jobs { // want LK002
	}
}

func leakNilChannel() {
	var never chan int
	go waitOnNil(never) // from LK003
}

func waitOnNil(never chan int) {
	<-never // want LK003
}

func leakSelect() {
	go mergeNothing(make(chan int), make(chan error)) // from LK004
}

func mergeNothing(values chan int, failures chan error) {
	select { // want LK004
	case <-values:
	case <-failures:
	}
}

func leakContext() {
	ctx, cancel := context.WithCancel(context.Background())
	cancels.Lock()
	cancels.kept = append(cancels.kept, cancel)
	cancels.Unlock()
	go watchUpdates(ctx, make(chan int)) // from LK005
}

// The cancel functions are kept and never called: go vet finds the ones that are dropped.
var cancels struct {
	sync.Mutex
	kept []context.CancelFunc
}

func watchUpdates(ctx context.Context, updates <-chan int) {
	select { // want LK005
	case <-ctx.Done():
	case <-updates:
	}
}

func leakWaitGroup() {
	var pending sync.WaitGroup
	pending.Add(1)
	go awaitPending(&pending) // from LK006
}

func awaitPending(pending *sync.WaitGroup) {
	pending.Wait() // want LK006
}

func leakTicker() {
	go refreshForEver() // from LK007
}

func refreshForEver() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for range ticker.C { // want LK007
	}
}

func leakCond() {
	ready := sync.NewCond(&sync.Mutex{})
	go awaitReady(ready) // from LK010
}

func awaitReady(ready *sync.Cond) {
	ready.L.Lock()
	defer ready.L.Unlock()
	ready.Wait() // want LK010
}

func leakIO() {
	near, far := net.Pipe()
	pipes.Lock()
	pipes.kept = append(pipes.kept, far)
	pipes.Unlock()
	go readReply(near) // from LK011
}

var pipes struct {
	sync.Mutex
	kept []net.Conn
}

func readReply(conn net.Conn) {
	buffer := make([]byte, 16)
	_, _ = conn.Read(buffer) // want LK011
}

var registry struct {
	sync.Mutex
	once sync.Once
}

func leakMutex() {
	registry.once.Do(registry.Lock)
	go updateRegistry() // from DL007
}

func updateRegistry() {
	registry.Lock() // want DL007
	defer registry.Unlock()
}
