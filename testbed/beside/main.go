// Command beside takes an execution trace of itself, CPU profiles before, across and inside it, and profiles of what it allocates, and
// says when it took each and how much it allocated in one of its functions.
//
//	beside DIR
//
// It writes trace.out, cpu-{apart,partly,inside}.pb.gz, allocs.delta.pb.gz (as /debug/pprof/allocs?seconds=1 answers inside the trace),
// allocs.pb.gz (everything since the start) and told.json. It is built with every Go version since 1.22, in a module of its own, and uses the
// standard library only.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	httppprof "net/http/pprof"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"time"
)

const pageBytes = 64 << 10

// told is what the program knows of itself. Times are nanoseconds since 1970.
type told struct {
	TraceFrom int64 `json:"trace_from_ns"`
	TraceTo   int64 `json:"trace_to_ns"`
	// Profiles is from and to of each CPU profile, by name.
	Profiles map[string][2]int64 `json:"profiles"`
	// Pages is how many objects of 64 KiB the function pages made.
	Pages int64 `json:"pages"`
}

var (
	made         atomic.Int64
	page         []byte
	recent, kept *node
)

func main() {
	// Each page is sampled: the profile has all of them.
	runtime.MemProfileRate = 8192
	folder := os.Args[1]
	for range [1 << 17]struct{}{} {
		kept = &node{next: kept}
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for route, work := range map[string]func(){"/sum": sum, "/pages": pages, "/chain": chain} {
		running.Add(1)
		go func(route string, work func()) {
			defer running.Done()
			pprof.Do(ctx, pprof.Labels("route", route), func(ctx context.Context) {
				for ctx.Err() == nil {
					work()
				}
			})
		}(route, work)
	}
	facts := told{Profiles: map[string][2]int64{}}
	profile(folder, "apart", &facts, func() { time.Sleep(200 * time.Millisecond) })
	time.Sleep(50 * time.Millisecond)
	target, err := os.Create(filepath.Join(folder, "trace.out"))
	check(err)
	profile(folder, "partly", &facts, func() {
		time.Sleep(300 * time.Millisecond)
		facts.TraceFrom = time.Now().UnixNano()
		check(trace.Start(target))
		time.Sleep(300 * time.Millisecond)
	})
	delta := make(chan []byte)
	go func() { delta <- served("?seconds=1") }()
	profile(folder, "inside", &facts, func() { time.Sleep(900 * time.Millisecond) })
	check(os.WriteFile(filepath.Join(folder, "allocs.delta.pb.gz"), <-delta, 0o644))
	trace.Stop()
	facts.TraceTo = time.Now().UnixNano()
	check(target.Close())
	end()
	running.Wait()
	// What was allocated shows in a profile once two collections have gone by (runtime/mprof.go).
	for range [3]int{} {
		runtime.GC()
	}
	check(os.WriteFile(filepath.Join(folder, "allocs.pb.gz"), served(""), 0o644))
	facts.Pages = made.Load()
	text, err := json.Marshal(facts)
	check(err)
	runtime.KeepAlive(kept)
	check(os.WriteFile(filepath.Join(folder, "told.json"), append(text, '\n'), 0o644))
}

// profile takes a CPU profile while something is done.
func profile(folder, name string, facts *told, during func()) {
	target, err := os.Create(filepath.Join(folder, "cpu-"+name+".pb.gz"))
	check(err)
	from := time.Now().UnixNano()
	check(pprof.StartCPUProfile(target))
	during()
	pprof.StopCPUProfile()
	facts.Profiles[name] = [2]int64{from, time.Now().UnixNano()}
	check(target.Close())
}

func served(query string) []byte {
	answer := httptest.NewRecorder()
	httppprof.Handler("allocs").ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/pprof/allocs"+query, nil))
	if answer.Code != http.StatusOK {
		log.Fatal(answer.Body)
	}
	return answer.Body.Bytes()
}

// sum computes and allocates nothing.
func sum() {
	number := uint64(1)
	for range [1 << 20]struct{}{} {
		number = number*6364136223846793005 + 1442695040888963407
	}
	if number == 0 {
		log.Fatal("never")
	}
	time.Sleep(time.Millisecond)
}

// pages makes large objects without pointers.
func pages() {
	for range [4]struct{}{} {
		page = make([]byte, pageBytes)
		made.Add(1)
	}
	time.Sleep(10 * time.Millisecond)
}

type node struct {
	next *node
	name [3]int
}

// chain makes many small objects that the collector must follow one by one, and so is made to assist.
func chain() {
	for range [6000]struct{}{} {
		recent = &node{next: recent}
	}
	recent = nil
	time.Sleep(4 * time.Millisecond)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
