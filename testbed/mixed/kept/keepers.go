package main

import (
	"os"
	"reflect"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

var (
	mail   = make(chan chan int, 100)
	pool   sync.Pool
	mapped []byte
	owners sync.Mutex
	used   int
)

func init() {
	keepers["local"] = keepLocal
	keepers["argument"] = func() { keepArgument(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, start()) }
	keepers["struct argument"] = func() { keepStruct([12]int{}, box{"", start()}) }
	keepers["interface"] = func() { keepAny(start()) }
	keepers["stack object"] = func() { b := box{"", start()}; keepPointer(&b) }
	keepers["stack object behind another"] = func() { b := box{"", start()}; p := struct{ b *box }{&b}; keepNested(&p) }
	keepers["inner pointer"] = func() { b := box{"", start()}; keepInner(&b.c) }
	keepers["array on the stack"] = func() { a := [4]chan int{2: start()}; keepSlice(a[1:]) }
	keepers["map on the stack"] = func() { m := map[int]chan int{1: start()}; keepMap(m) }
	keepers["closure"] = func() { c := start(); keepCall(func() { close(c) }) }
	keepers["closure over a variable"] = func() { b := box{}; b.c = start(); keepCall(func() { b.name = "x"; close(b.c) }) }
	keepers["method value"] = func() { b := &box{"", start()}; keepCall(b.end) }
	keepers["bound on the stack"] = func() { b := box{"", start()}; keepCall(b.endCopy) }
	keepers["deferred"] = func() { c := start(); defer func() { close(c) }(); long() }
	keepers["deferred, arguments"] = func() { defer end(start()); long() }
	keepers["deferred in a loop"] = func() {
		for i := 0; i < 3; i++ {
			defer end(start())
		}
		long()
	}
	keepers["many deferred"] = keepMany
	keepers["deferred while panicking"] = keepPanicking
	keepers["behind a recovered panic"] = func() { c := start(); recovers(); close(c) }
	keepers["deferred at exit"] = func() { c := start(); defer func() { long(); close(c) }(); runtime.Goexit() }
	keepers["deferred after a fault"] = keepFaulted
	keepers["behind a fault"] = func() { b := box{"", start()}; faults(&b) }
	keepers["made function"] = keepMadeFunction
	keepers["reflected method"] = keepReflectedMethod
	keepers["reflected call"] = func() { reflect.ValueOf(keepAny).Call([]reflect.Value{reflect.ValueOf(any(start()))}) }
	keepers["buffer"] = func() { mail <- start() }
	keepers["timer"] = func() { c := start(); time.AfterFunc(time.Hour, func() { close(c) }) }
	keepers["finalizer"] = func() {
		owner := &box{"", start()}
		runtime.SetFinalizer(owner, func(owner *box) { close(owner.c) })
	}
	keepers["finalizer's closure"] = func() {
		owner, c := &box{name: "owner"}, start()
		runtime.SetFinalizer(owner, func(*box) { close(c) })
	}
	keepers["system call"] = keepInCall
	keepers["poller"] = keepInPoller
	keepers["select"] = keepInSelect
	keepers["lock"] = keepLock
	keepers["reader's lock"] = keepReaders
	keepers["group"] = keepGroup
	keepers["another waiter"] = func() { c := start(); d := make(chan int); go func() { <-d; close(c) }(); long(); close(d) }
	keepers["grown stack"] = func() {
		b := box{"", start()}
		for {
			deep(&b, 500)
			time.Sleep(time.Millisecond)
		}
	}
	keepers["passed on"] = keepPassedOn
	keepers["other memory"] = keepElsewhere
	keepers["once"] = func() { var o sync.Once; c := start(); o.Do(func() { long(); close(c) }) }
	once["pool"] = func() { pool.Put(&box{"", start()}) }
}

//go:noinline
func keepLocal() { c := start(); long(); close(c) }

//go:noinline
func keepArgument(a, b, c, d, e, f, g, h, i, j, k int, last chan int) { long(); close(last) }

//go:noinline
func keepStruct(room [12]int, b box) { long(); close(b.c) }

//go:noinline
func keepAny(value any) { long(); close(value.(chan int)) }

//go:noinline
func keepPointer(b *box) { long(); close(b.c) }

//go:noinline
func keepNested(p *struct{ b *box }) { long(); close(p.b.c) }

//go:noinline
func keepInner(c *chan int) { long(); close(*c) }

//go:noinline
func keepSlice(list []chan int) { long(); close(list[1]) }

//go:noinline
func keepMap(m map[int]chan int) { long(); close(m[1]) }

//go:noinline
func keepCall(call func()) { long(); call() }

func (b *box) end()        { close(b.c) }
func (b box) endCopy()     { close(b.c) }
func (b box) Keep(n int)   { long(); close(b.c) }
func end(c chan int)       { close(c) }
func keepsFor(c chan int)  { long(); close(c) }
func recovers()            { defer func() { long(); recover() }(); panic("on purpose") }
func readInto(fd int) byte { var room [1]byte; syscall.Read(fd, room[:]); return room[0] }

func keepMany() {
	c := start()
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer end(start())
	defer func() { close(c) }()
	long()
}

func keepPanicking() {
	c := start()
	defer func() { recover(); close(c) }()
	defer func() { long() }()
	panic("on purpose")
}

func keepFaulted() {
	c := start()
	var nothing *box
	defer func() { long(); recover(); close(c) }()
	nothing.name = "fault"
}

//go:noinline
func faults(b *box) {
	defer func() { recover(); close(b.c) }()
	defer func() { long() }()
	var nothing *box
	nothing.name = b.name
}

func keepMadeFunction() {
	kind := reflect.TypeOf(end)
	made := reflect.MakeFunc(kind, func(args []reflect.Value) []reflect.Value { long(); args[0].Close(); return nil })
	made.Interface().(func(chan int))(start())
}

type keeper struct{}

func (keeper) Keep(a, b int, c chan int) { long(); close(c) }

func keepReflectedMethod() {
	reflect.ValueOf(keeper{}).Method(0).Interface().(func(int, int, chan int))(1, 2, start())
}

func keepInCall() {
	c := start()
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	readInto(ends[0])
	close(c)
}

func keepInPoller() {
	c := start()
	read, write, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	read.Read(make([]byte, 1))
	close(c)
	write.Close()
}

func keepInSelect() {
	c, other := start(), make(chan int)
	select {
	case <-time.After(time.Hour):
		close(c)
	case other <- 1:
	}
}

func keepLock() {
	m := &sync.Mutex{}
	m.Lock()
	go func() { m.Lock() }()
	long()
	m.Unlock()
}

func keepReaders() {
	m := &sync.RWMutex{}
	m.Lock()
	go func() { m.RLock() }()
	go func() { m.Lock() }()
	long()
	m.Unlock()
}

func keepGroup() {
	g := &sync.WaitGroup{}
	g.Add(1)
	go g.Wait()
	long()
	g.Done()
}

// keepPassedOn lets two goroutines hand a channel to each other for ever.
func keepPassedOn() {
	there, back := make(chan chan int), make(chan chan int, 1)
	go func() {
		for c := range there {
			back <- c
		}
	}()
	there <- start()
	for {
		there <- <-back
	}
}

// keepElsewhere keeps a channel where only the kernel and this program look.
func keepElsewhere() {
	owners.Lock()
	defer owners.Unlock()
	if mapped == nil {
		memory, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic(err)
		}
		mapped = memory
	}
	*(*uintptr)(unsafe.Pointer(&mapped[8*used])) = reflect.ValueOf(start()).Pointer()
	used++
}
