// Command stats reproduces a service of streaming statistics that will not go beyond some load, and its cure.
//
// Each request asks for mean and 99th percentile of a window of samples, and gives up after 100 ms. Three faults can be switched
// on: the log is written synchronously under a lock (-sync-log), every chunk of a window gets a goroutine and a slice of its own
// (-no-pool), and the work goes on after the client has left (-lose-context). Without flags each fault, all, and the cure are run
// in turn under the same load, and then a quarter of the requests with so much work each that it takes 1.5 times the processors
// there are (-overload), sick and cured:
//
//	go run ./stats -rate 1200 -seconds 3
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

type faults struct{ syncLog, noPool, loseContext bool }

func main() {
	var f faults
	flag.BoolVar(&f.syncLog, "sync-log", false, "write the log synchronously")
	flag.BoolVar(&f.noPool, "no-pool", false, "start goroutines and allocate for every chunk")
	flag.BoolVar(&f.loseContext, "lose-context", false, "work on after the client has left")
	rate := flag.Int("rate", 1200, "requests per second")
	seconds := flag.Int("seconds", 3, "length of each run")
	logDelay := flag.Duration("log-delay", time.Millisecond, "time the log's disk takes for one write")
	work := flag.Int("work", 1, "windows computed per request")
	overload := flag.Float64("overload", 1.5, "work of the second load, in processors that it would need, of those there are; 0 for none")
	flag.Parse()

	if f != (faults{}) {
		show("as flagged", f, *work, *rate, *seconds, *logDelay)
		return
	}
	fmt.Printf("%-28s %9s %9s %9s %9s %11s %6s %8s\n", "", "goodput/s", "on time", "p50", "p99", "goroutines", "left", "wasted")
	fmt.Printf("%d requests/s\n", *rate)
	for _, r := range []struct {
		name string
		faults
	}{
		{"synchronous log", faults{syncLog: true}},
		{"no pool", faults{noPool: true}},
		{"lost contexts", faults{loseContext: true}},
		{"all three", faults{true, true, true}},
		{"cured", faults{}},
	} {
		show(r.name, r.faults, *work, *rate, *seconds, *logDelay)
	}
	if *overload <= 0 {
		return
	}
	heavy := windowsFor(*overload, *rate/4)
	fmt.Printf("%d requests/s of %d windows: %.1f times the processors\n", *rate/4, heavy, *overload)
	show("lost contexts", faults{loseContext: true}, heavy, *rate/4, *seconds, *logDelay)
	show("all three", faults{true, true, true}, heavy, *rate/4, *seconds, *logDelay)
	show("cured", faults{}, heavy, *rate/4, *seconds, *logDelay)
}

func show(name string, f faults, work, rate, seconds int, logDelay time.Duration) {
	r, err := measure(f, work, rate, time.Duration(seconds)*time.Second, logDelay)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("  %-26s %9.0f %8.1f%% %9v %9v %11d %6d %8d\n", name, r.onTimePerSecond, 100*r.onTime,
		r.p50.Round(100*time.Microsecond), r.p99.Round(100*time.Microsecond), r.goroutines, r.left, r.wasted)
}

// windowsFor is how many windows each of rate requests per second must have to need that many times the processors there are.
func windowsFor(overload float64, rate int) int {
	const rounds = 50
	cost := time.Hour
	for range rounds {
		start := time.Now()
		computePooled(context.Background(), 1)
		cost = min(cost, time.Since(start))
	}
	return max(1, int(overload*float64(runtime.GOMAXPROCS(0))/(float64(max(1, rate))*cost.Seconds())+0.5))
}

// measure serves on the loopback, drives the load, and stops everything it has started.
func measure(f faults, work, rate int, length, logDelay time.Duration) (report, error) {
	s := newService(f, work, logDelay)
	defer s.close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return report{}, err
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	r := drive("http://"+listener.Addr().String()+"/stats", rate, length)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = server.Shutdown(ctx)
	r.wasted = s.wasted.Load()
	return r, err
}
