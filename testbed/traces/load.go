package main

import (
	"context"
	"crypto/sha256"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"sync"
	"syscall"
	"time"
)

// load is the work that is done at present.
type load struct {
	sets  int
	pause time.Duration
	// garbage is how many trees are thrown away a round.
	garbage int

	all, extra     context.Context
	end, endExtra  context.CancelFunc
	running, added sync.WaitGroup
}

// start begins the work that is older than the trace and outlasts it.
func start(l *load) *load {
	l.all, l.end = context.WithCancel(context.Background())
	l.extra, l.endExtra = context.WithCancel(context.Background())
	for i := 0; i < l.sets; i++ {
		l.begin(&l.running, l.all, queue)
		l.begin(&l.running, l.all, echo)
	}
	return l
}

// more adds the work that begins and ends inside the trace.
func (l *load) more() {
	for i := 0; i < l.sets; i++ {
		for _, work := range []func(context.Context, time.Duration){
			queue, locks, readers, conditions, churn, echo, pipes, sleeps, tasks, sums, timers, pulls, callbacks,
		} {
			l.begin(&l.added, l.extra, work)
		}
		for j := 0; j < 3; j++ {
			l.begin(&l.added, l.extra, l.allocate)
		}
	}
	l.begin(&l.added, l.extra, l.stops)
}

// less ends what more began and waits for it.
func (l *load) less() {
	l.endExtra()
	l.added.Wait()
}

// stop ends all and waits for it.
func (l *load) stop() {
	l.end()
	l.running.Wait()
}

func (l *load) begin(group *sync.WaitGroup, ctx context.Context, work func(context.Context, time.Duration)) {
	group.Add(1)
	go func() {
		defer group.Done()
		work(ctx, l.pause)
	}()
}

// rest waits between rounds; it answers false at the end.
func rest(ctx context.Context, pause time.Duration) bool {
	if pause > 0 {
		time.Sleep(pause)
	}
	return ctx.Err() == nil
}

// queue is a producer, three workers that select, and a collector.
func queue(ctx context.Context, pause time.Duration) {
	jobs, results := make(chan int), make(chan int, 4)
	var workers, collector sync.WaitGroup
	for i := 0; i < 3; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			work(ctx, jobs, results)
		}()
	}
	collector.Add(1)
	go func() {
		defer collector.Done()
		for range results {
		}
	}()
	for rest(ctx, pause) {
		for i := 0; i < 4; i++ {
			select {
			case jobs <- i:
			case <-ctx.Done():
			}
		}
	}
	workers.Wait()
	close(results)
	collector.Wait()
}

func work(ctx context.Context, jobs <-chan int, results chan<- int) {
	for {
		select {
		case job := <-jobs:
			results <- job * job
		case <-ctx.Done():
			return
		}
	}
}

// locks is four goroutines at one mutex whose holder gives its turn away.
func locks(ctx context.Context, pause time.Duration) {
	var lock sync.Mutex
	together(4, func() {
		for rest(ctx, pause) {
			lock.Lock()
			runtime.Gosched()
			lock.Unlock()
		}
	})
}

// readers is a writer among readers of one lock.
func readers(ctx context.Context, pause time.Duration) {
	var lock sync.RWMutex
	var writer sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		for rest(ctx, pause) {
			lock.Lock()
			runtime.Gosched()
			lock.Unlock()
		}
	}()
	together(3, func() {
		for rest(ctx, pause) {
			lock.RLock()
			runtime.Gosched()
			lock.RUnlock()
		}
	})
	writer.Wait()
}

// conditions is two goroutines that take turns.
func conditions(ctx context.Context, pause time.Duration) {
	lock := new(sync.Mutex)
	changed := sync.NewCond(lock)
	turn, over := 0, false
	var group sync.WaitGroup
	for player := 0; player < 2; player++ {
		group.Add(1)
		go func(player int) {
			defer group.Done()
			lock.Lock()
			defer lock.Unlock()
			for !over {
				for turn != player && !over {
					changed.Wait()
				}
				lock.Unlock()
				moving := rest(ctx, pause)
				lock.Lock()
				turn = 1 - player
				over = over || !moving
				changed.Broadcast()
			}
		}(player)
	}
	group.Wait()
}

// churn is short-lived goroutines, sixteen at a time.
func churn(ctx context.Context, pause time.Duration) {
	for rest(ctx, 4*pause) {
		together(16, func() { sum(1) })
	}
}

// echo is a server that answers what it hears, and a client of it.
func echo(ctx context.Context, pause time.Duration) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	var server sync.WaitGroup
	server.Add(1)
	go func() {
		defer server.Done()
		conn, err := listener.Accept()
		check(err)
		_, err = io.Copy(onlyWriter{conn}, conn)
		check(err)
		check(conn.Close())
		// Waits like an idle server until the listener is closed.
		_, err = listener.Accept()
		_ = err
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	text := []byte("hello")
	for rest(ctx, pause) {
		_, err := conn.Write(text)
		check(err)
		_, err = io.ReadFull(conn, text)
		check(err)
	}
	check(conn.Close())
	check(listener.Close())
	server.Wait()
}

// onlyWriter keeps io.Copy from splicing in the kernel.
type onlyWriter struct{ io.Writer }

// pipes reads from a pipe the runtime's poller does not know, so that the thread blocks in read(2).
func pipes(ctx context.Context, pause time.Duration) {
	var ends [2]int
	check(syscall.Pipe(ends[:]))
	var reader sync.WaitGroup
	reader.Add(1)
	go func() {
		defer reader.Done()
		text := make([]byte, 8)
		for {
			n, err := syscall.Read(ends[0], text)
			if err == syscall.EINTR {
				continue
			}
			check(err)
			if n == 0 {
				return
			}
		}
	}()
	for rest(ctx, 2*pause) {
		_, err := syscall.Write(ends[1], []byte("x"))
		check(err)
	}
	check(syscall.Close(ends[1]))
	reader.Wait()
	check(syscall.Close(ends[0]))
}

func sleeps(ctx context.Context, pause time.Duration) {
	for rest(ctx, 3*pause) {
		time.Sleep(100 * time.Microsecond)
	}
}

// tasks is a request with two steps, one of them in a goroutine of its own.
func tasks(parent context.Context, pause time.Duration) {
	for rest(parent, 4*pause) {
		ctx, task := trace.NewTask(parent, "request")
		trace.Log(ctx, "order", "17")
		trace.WithRegion(ctx, "parse", func() { sum(4) })
		stored := make(chan struct{})
		go func() {
			defer close(stored)
			inner, task := trace.NewTask(ctx, "store")
			defer task.End()
			defer trace.StartRegion(inner, "write").End()
			sum(4)
		}()
		<-stored
		task.End()
	}
}

// sums computes for longer than a time slice, so that it is preempted and sampled.
func sums(ctx context.Context, pause time.Duration) {
	for rest(ctx, 8*pause) {
		sum(60_000)
	}
}

// timers starts goroutines through the runtime's timers.
func timers(ctx context.Context, pause time.Duration) {
	for rest(ctx, 4*pause) {
		done := make(chan struct{})
		time.AfterFunc(50*time.Microsecond, func() { close(done) })
		<-done
	}
}

// pulls switches between coroutines, which costs so little that without rest it would be most of the trace.
func pulls(ctx context.Context, pause time.Duration) {
	for rest(ctx, max(8*pause, time.Millisecond)) {
		pull(3)
	}
}

// callbacks has C call into Go.
func callbacks(ctx context.Context, pause time.Duration) {
	for rest(ctx, max(8*pause, time.Millisecond)) {
		callback()
	}
}

// allocate makes garbage faster than the collector likes, which has a live tree to mark meanwhile.
func (l *load) allocate(ctx context.Context, pause time.Duration) {
	for rest(ctx, 4*pause) {
		for i := 0; i < l.garbage; i++ {
			runtime.KeepAlive(tree(2_000))
		}
	}
}

// stops stops the world in the ways programs do.
func (l *load) stops(ctx context.Context, pause time.Duration) {
	for round := 0; rest(ctx, 10*time.Millisecond+10*pause); round++ {
		switch round % 6 {
		case 0:
			runtime.ReadMemStats(new(runtime.MemStats))
		case 2:
			runtime.GC()
		case 3:
			procs := runtime.GOMAXPROCS(0)
			runtime.GOMAXPROCS(procs + 1)
			runtime.GOMAXPROCS(procs)
		case 5:
			debug.FreeOSMemory()
		}
	}
}

// together runs a function in n goroutines and waits for them.
func together(n int, run func()) {
	var group sync.WaitGroup
	for i := 0; i < n; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			run()
		}()
	}
	group.Wait()
}

// node is a tree for the collector to mark.
type node struct {
	left, right *node
	padding     [2]uint64
}

func tree(nodes int) *node {
	if nodes < 1 {
		return nil
	}
	return &node{left: tree(nodes / 2), right: tree(nodes - nodes/2 - 1)}
}

func sum(blocks int) {
	digest := [32]byte{}
	for i := 0; i < blocks; i++ {
		digest = sha256.Sum256(digest[:])
	}
	if digest == [32]byte{} {
		panic("a digest of nothing but zeros")
	}
}
