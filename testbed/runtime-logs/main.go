// Runtime-logs runs one scenario while the Go runtime prints of itself (GODEBUG=gctrace=1,schedtrace=250). Each scenario is a file; its
// comment says with which environment it is recorded and what a reader of the log alone can rightly answer:
//
//	//env NAME=VALUE …     set for the recording
//	//expect WORDS         ids of patterns that must be found, `candidate ID`, `seen WORD` for an observation, or `nothing`
//	//answers COLLECTOR SCHEDULER   `healthy`, `wrong` or `undecidable` each; what goroutines wait for is undecidable from such logs
//
// The standard library only, and Go 1.16, so that the forms of old releases can be recorded with the same programs.
package main

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"time"
)

// scenarios are run until the time given is over; main returns then, whatever goroutines are left.
var scenarios = map[string]func(until time.Time){
	"allocation-storm":     allocationStorm,
	"assist-heavy":         assistHeavy,
	"ballast":              ballast,
	"batch":                batch,
	"bursty":               bursty,
	"cache-warms-long":     cacheWarmsLong,
	"cache-warms-up":       cacheWarmsUp,
	"chatty-logger":        chattyLogger,
	"deep-stacks-leak":     deepStacksLeak,
	"fan-out-bursts":       fanOutBursts,
	"forced-collections":   forcedCollections,
	"gogc-off":             gogcOff,
	"gogc-off-with-limit":  gogcOffWithLimit,
	"gogc-tiny":            gogcTiny,
	"gomaxprocs-above":     gomaxprocsAbove,
	"goroutines-told":      goroutinesTold,
	"idle":                 idle,
	"limit-spiral":         limitSpiral,
	"live-heap-grows":      liveHeapGrows,
	"live-heap-grows-long": liveHeapGrowsLong,
	"lock-convoy":          lockConvoy,
	"partial-deadlock":     partialDeadlock,
	"plateau":              plateau,
	"run-queue-backlog":    runQueueBacklog,
	"short":                short,
	"small-leak":           smallLeak,
	"starved":              starved,
	"steady":               steady,
	"steady-told":          steadyTold,
	"syscalls-steady":      syscallsSteady,
	"threads-pile-up":      threadsPileUp,
	"ticker-leak":          tickerLeak,
}

func main() {
	name := flag.String("scenario", "", "which")
	long := flag.Duration("for", 10*time.Second, "how long")
	burn := flag.Bool("burn", false, "only burn CPU, as a neighbour")
	flag.Parse()
	until := time.Now().Add(*long)
	if *burn {
		spin(until)
		return
	}
	run, known := scenarios[*name]
	if !known {
		names := make([]string, 0, len(scenarios))
		for name := range scenarios {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintln(os.Stderr, "no such scenario; there are:", names)
		os.Exit(2)
	}
	run(until)
}
