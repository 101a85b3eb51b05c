// Command traces does what services do (queues, locks, short-lived goroutines, connections, blocking reads, collections) under an
// execution trace of itself, and loses goroutines in known ways before and inside it. Beside the trace it writes a debug=2 dump taken
// inside the trace and a list of the goroutines it lost.
//
//	traces -out DIR [-leaks N] [-times N] [-run 600ms | -mid | -big MB] [-pause 4ms] [-sets N] [-live MIB] [-garbage N] [-visitors] [-flight]
//
// With -leaks 0 every goroutine ends or keeps moving. -times is how often goroutines are lost inside the trace, at moments spread over
// it. -visitors adds what piles up in health: connections that come and stay, and waits of seconds that end. -pause is the rest between rounds of work and so sets the events per second;
// -sets is the number of goroutine sets that do the same work at once. -flight writes a snapshot of the flight recorder (Go 1.25)
// instead of a trace. How often the runtime ends a generation is set from outside: GODEBUG=traceadvanceperiod=NANOSECONDS.
//
// It is built with every Go version since 1.22, in a module of its own, and uses the standard library only.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync/atomic"
	"time"
)

const mib = 1 << 20

func main() {
	out := flag.String("out", ".", "folder to write trace.out, dump.txt and lost.json to")
	run := flag.Duration("run", 600*time.Millisecond, "length of the trace")
	pause := flag.Duration("pause", 4*time.Millisecond, "rest between rounds of work")
	sets := flag.Int("sets", 1, "goroutine sets that do the same work")
	leaks := flag.Int("leaks", 2, "goroutines lost in each way, before the trace and again at each moment inside it")
	times := flag.Int("times", 8, "moments inside the trace at which goroutines are lost")
	visitors := flag.Bool("visitors", false, "connections that come and stay, and waits of seconds that end")
	live := flag.Int("live", 8, "MiB the collector has to mark")
	garbage := flag.Int("garbage", 10, "trees of 64 kB thrown away a round")
	mid := flag.Bool("mid", false, "with little rest until the trace has 20 MB")
	big := flag.Int64("big", 0, "without rest until the trace has this many MB")
	flight := flag.Bool("flight", false, "write a snapshot of the flight recorder")
	flag.Parse()

	size := *big * 1_000_000
	if size > 0 {
		*pause = 0
	}
	if *mid {
		size, *pause = 20_000_000, 300*time.Microsecond
	}
	keep := tree(*live * mib / 32)
	before := plant(*leaks, false)
	target, err := os.Create(filepath.Join(*out, "trace.out"))
	check(err)
	written := &counted{to: target}
	// A goroutine older than the trace that works all the time.
	load := start(&load{sets: *sets, pause: *pause, garbage: *garbage})
	time.Sleep(20 * time.Millisecond)

	stop := record(written, *flight)
	check(pprof.StartCPUProfile(io.Discard))
	load.more()
	var guests *crowd
	if *visitors {
		guests = invite(*run / 20)
	}
	inside := []lost{}
	for i := 1; i <= *times; i++ {
		if size > 0 {
			for written.bytes.Load() < size*85/100*int64(i)/int64(*times) {
				time.Sleep(10 * time.Millisecond)
			}
		} else {
			time.Sleep(*run * 85 / 100 / time.Duration(*times))
		}
		inside = append(inside, plant(*leaks, true)...)
	}
	time.Sleep(*run * 3 / 100)
	dump(filepath.Join(*out, "dump.txt"))
	if size > 0 {
		for written.bytes.Load() < size {
			time.Sleep(100 * time.Millisecond)
		}
	} else {
		time.Sleep(*run * 12 / 100)
	}
	load.less()
	guests.leave()
	pprof.StopCPUProfile()
	stop()
	load.stop()
	check(target.Close())
	list, err := json.Marshal(append(before, inside...))
	check(err)
	check(os.WriteFile(filepath.Join(*out, "lost.json"), append(list, '\n'), 0o644))
	runtime.KeepAlive(keep)
}

// record starts a trace or the flight recorder; what it answers ends it.
func record(to io.Writer, flight bool) func() {
	if flight {
		return recordFlight(to)
	}
	check(trace.Start(to))
	return trace.Stop
}

func dump(path string) {
	target, err := os.Create(path)
	check(err)
	check(pprof.Lookup("goroutine").WriteTo(target, 2))
	check(target.Close())
}

// counted counts what goes through it.
type counted struct {
	to    io.Writer
	bytes atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
