// Command tune keeps a tree alive and allocates beside it, always the same: what GOGC and GOMEMLIMIT do to it is all that differs.
//
// It exits with -exit, prints its throughput with -report, waits for SIGTERM with -serve, and starts itself again with -again, to stand
// for the commands that are measured. With -http it serves /debug/vars, with what runtime/metrics tells beside the variables of package
// expvar, and /elders, which has those alone.
package main

import (
	"expvar"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/metrics"
	"syscall"
	"time"
)

type node struct {
	left, right *node
	weight      [2]int
}

// sink keeps the compiler from leaving allocations out.
var sink *node

func main() {
	depth := flag.Int("depth", 19, "levels of the tree that stays: a million nodes of 32 bytes at 19")
	rounds := flag.Int("rounds", 300, "trees of 14 levels that are made and dropped")
	report := flag.Bool("report", false, "print trees per second")
	serve := flag.Bool("serve", false, "go on until SIGTERM")
	again := flag.Bool("again", false, "run itself as a child process")
	address := flag.String("http", "", "address to serve /debug/vars at")
	exit := flag.Int("exit", 0, "exit code")
	flag.Parse()
	if *address != "" {
		listen(*address)
	}
	if *again {
		child := exec.Command(os.Args[0], "-depth", fmt.Sprint(*depth), "-rounds", fmt.Sprint(*rounds))
		child.Stderr = os.Stderr
		if err := child.Run(); err != nil {
			log.Fatal(err)
		}
	}
	kept := grow(*depth)
	start := time.Now()
	for round := 0; round < *rounds; round++ {
		sink = grow(14)
	}
	if *report {
		fmt.Printf("%d trees, %.1f trees/s\n", *rounds, float64(*rounds)/time.Since(start).Seconds())
	}
	if *serve {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		<-ended
		log.Println("told to end")
	}
	if kept.weight != [2]int{} {
		log.Fatal("the tree has changed")
	}
	if *exit != 0 {
		log.Println("cannot read day.csv")
		os.Exit(*exit)
	}
}

// listen serves what the process knows of its runtime.
func listen(address string) {
	expvar.Publish("runtime/metrics", expvar.Func(func() any {
		samples := []metrics.Sample{
			{Name: "/sched/goroutines:goroutines"},
			{Name: "/gc/heap/live:bytes"},
			{Name: "/cpu/classes/gc/total:cpu-seconds"},
			{Name: "/cpu/classes/total:cpu-seconds"},
			{Name: "/gc/cycles/total:gc-cycles"},
			{Name: "/gc/limiter/last-enabled:gc-cycle"},
		}
		metrics.Read(samples)
		values := map[string]float64{}
		for _, sample := range samples {
			switch sample.Value.Kind() {
			case metrics.KindUint64:
				values[sample.Name] = float64(sample.Value.Uint64())
			case metrics.KindFloat64:
				values[sample.Name] = sample.Value.Float64()
			}
		}
		return values
	}))
	elders := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "{\"memstats\": %s}\n", expvar.Get("memstats"))
	}
	routes := http.NewServeMux()
	routes.Handle("/debug/vars", expvar.Handler())
	routes.HandleFunc("/elders", elders)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, routes)) }()
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: grow(depth - 1), right: grow(depth - 1)}
}
