// Command trace-oracle reads an execution trace with golang.org/x/exp/trace and prints, as one JSON object, the figures that goherd's
// own reader and analysis are held against. What x/exp does not show, the events as they stand in the file, it walks itself (wire.go).
//
//	trace-oracle FILE          figures of the Reader, and counts of the file
//	trace-oracle -wire FILE    counts of the file only
//	trace-oracle -read FILE    reads all events and prints their number: what reading alone costs
//
// Times are the Reader's: nanoseconds since an unknown origin, moved where needed so that no two events have the same (reader.go,
// ReadEvent). They are what goherd calls Go's times; those under "wire" are as written, in clock units.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"golang.org/x/exp/trace"
)

func main() {
	log.SetFlags(0)
	onlyRead := flag.Bool("read", false, "only read all events")
	onlyWire := flag.Bool("wire", false, "only count what stands in the file")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: trace-oracle [-read|-wire] FILE")
	}
	path := flag.Arg(0)
	if *onlyRead {
		events, err := read(path, func(*trace.Event) {})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(events)
		return
	}
	var said struct {
		*figures
		Wire *wire `json:"wire"`
	}
	if !*onlyWire {
		said.figures = newFigures()
		events, err := read(path, said.figures.add)
		said.figures.finish(events, err)
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	if said.Wire, err = walk(bytes); err != nil {
		log.Fatal(err)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(said); err != nil {
		log.Fatal(err)
	}
}

// read shows all events of a trace; on an error, those before it.
func read(path string, show func(*trace.Event)) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	reader, err := trace.NewReader(file)
	if err != nil {
		return 0, err
	}
	for events := 0; ; events++ {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		show(&event)
	}
}
