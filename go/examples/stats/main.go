// Command stats reproduces a service of streaming statistics that will not go beyond some load, and its cure.
//
// Each request asks for mean and 99th percentile of a window of samples, and gives up after 100 ms. Three faults can be switched
// on: the log is written synchronously under a lock (-sync-log), every chunk of a window gets a goroutine and a slice of its own
// (-no-pool), and the work goes on after the client has left (-lose-context). Without flags each fault, all, and the cure are run
// in turn under the same load:
//
//	go run ./stats -rate 1200 -seconds 3
//
// With -work 16 the windows alone are more than two processors can do, and lost contexts show what they cost.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
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
	flag.Parse()

	runs := []struct {
		name string
		faults
	}{
		{"synchronous log", faults{syncLog: true}},
		{"no pool", faults{noPool: true}},
		{"lost contexts", faults{loseContext: true}},
		{"all three", faults{true, true, true}},
		{"cured", faults{}},
	}
	if f != (faults{}) {
		runs = runs[:1]
		runs[0].name, runs[0].faults = "as flagged", f
	}
	fmt.Printf("%-16s %9s %9s %9s %9s %11s %9s\n", "", "on time/s", "on time", "p50", "p99", "goroutines", "wasted")
	for _, r := range runs {
		result, err := measure(r.faults, *work, *rate, time.Duration(*seconds)*time.Second, *logDelay)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		fmt.Printf("%-16s %9.0f %8.1f%% %9v %9v %11d %9d\n", r.name, result.onTimePerSecond, 100*result.onTime,
			result.p50.Round(100*time.Microsecond), result.p99.Round(100*time.Microsecond), result.goroutines, result.wasted)
	}
}

// measure serves on the loopback, drives the load, and stops everything it has started.
func measure(f faults, work, rate int, length, logDelay time.Duration) (report, error) {
	s := newService(f, work, logDelay)
	defer s.close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return report{}, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	r := drive("http://"+listener.Addr().String()+"/stats", rate, length)
	r.wasted = s.wasted.Load()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return r, server.Shutdown(ctx)
}
