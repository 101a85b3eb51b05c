// Command panicparse reads a dump with github.com/maruel/panicparse and aggregates it as its command line does.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/maruel/panicparse/v2/stack"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	opts := stack.DefaultOpts()
	opts.GuessPaths = false
	opts.AnalyzeSources = false
	snapshot, _, err := stack.ScanSnapshot(file, io.Discard, opts)
	if err != nil && !errors.Is(err, io.EOF) {
		log.Fatal(err)
	}
	if snapshot == nil {
		log.Fatal("no goroutines")
	}
	aggregated := snapshot.Aggregate(stack.AnyPointer)
	fmt.Println(len(snapshot.Goroutines), "goroutines,", len(aggregated.Buckets), "stacks")
}
