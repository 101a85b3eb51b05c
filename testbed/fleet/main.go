// Command fleet plays many Go services that serve metrics, each at an address of its own on this host: 127.1.A.B. Pages are as long as those
// of a small service, 7.4 kB and 48 samples, and their values move as those of a service under a load that changes over the day.
//
//	fleet -from 0 -count 5000 -port 9100
//
// It prints "ready" when every address listens. It counts what it served: at SIGUSR1 it prints pages and bytes, and at its end.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	pages atomic.Int64
	bytes atomic.Int64
)

func main() {
	from := flag.Int("from", 0, "number of the first service")
	count := flag.Int("count", 1000, "how many there are")
	port := flag.Int("port", 9100, "port of all of them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var serving sync.WaitGroup
	for number := *from; number < *from+*count; number++ {
		listener, err := net.Listen("tcp", Address(number, *port))
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: &service{rng: rand.New(rand.NewPCG(uint64(number), 1)), started: time.Now()}}
		serving.Go(func() {
			if err := server.Serve(listener); err != http.ErrServerClosed {
				log.Print(err)
			}
		})
		context.AfterFunc(ctx, func() { server.Close() })
	}
	fmt.Println("ready")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for {
		select {
		case <-asked:
			fmt.Println("pages", pages.Load(), "bytes", bytes.Load())
		case <-ctx.Done():
			serving.Wait()
			fmt.Println("pages", pages.Load(), "bytes", bytes.Load())
			return
		}
	}
}

// Address tells where a service of a number listens.
func Address(number, port int) string {
	return fmt.Sprintf("127.1.%d.%d:%d", number/250, number%250+1, port)
}

// service is one service: what its metrics are computed from.
type service struct {
	mu       sync.Mutex
	rng      *rand.Rand
	started  time.Time
	last     time.Time
	page     []byte
	requests float64
	errors   float64
	latency  float64
	cpu      float64
	live     float64
	heap     float64
	alloc    float64
	mallocs  float64
	cycles   float64
	paused   float64
	waiting  float64
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.pass(now)
	s.page = s.write(s.page[:0], now)
	pages.Add(1)
	bytes.Add(int64(len(s.page)))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(s.page)))
	w.Write(s.page)
}

// pass lets the time since the last page pass.
func (s *service) pass(now time.Time) {
	passed := 5.0
	if !s.last.IsZero() {
		passed = now.Sub(s.last).Seconds()
	}
	s.last = now
	day := math.Sin(2 * math.Pi * float64(now.Unix()%86400) / 86400)
	rate := math.Max(1, 40*(1+0.5*day)+4*s.rng.NormFloat64())
	requests := math.Round(rate * passed)
	s.requests += requests
	s.latency += requests * (0.004 + 0.001*s.rng.Float64())
	if s.rng.IntN(50) == 0 {
		s.errors++
	}
	s.cpu += math.Round(requests*0.4+2*s.rng.Float64()) / 100
	s.waiting = math.Max(0, math.Round(rate*0.05+s.rng.NormFloat64()))
	if s.live == 0 {
		s.live = 6e6 + 4e6*s.rng.Float64()
		s.heap = s.live
	}
	allocated := requests * (18_000 + 2_000*s.rng.Float64())
	s.alloc += math.Round(allocated)
	s.mallocs += math.Round(allocated / 90)
	s.heap += allocated
	for s.heap > 2*s.live {
		s.heap -= s.live
		s.cycles++
		s.paused += 0.00006 + 0.00003*s.rng.Float64()
		s.live *= 0.98 + 0.04*s.rng.Float64()
	}
}

func (s *service) write(page []byte, now time.Time) []byte {
	metric := func(name, help, kind string, value float64) {
		page = append(page, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"+name+" "...)
		page = number(page, value)
	}
	series := func(key string, value float64) {
		page = append(page, key...)
		page = append(page, ' ')
		page = number(page, value)
	}
	head := func(name, help, kind string) {
		page = append(page, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
	}
	heap := math.Round(s.heap)
	system := 4 * s.live
	head("go_gc_duration_seconds", "Wall-clock time for which the world stood still in collections of garbage, by quantile.", "summary")
	for at, quantile := range []string{"0", "0.25", "0.5", "0.75", "1"} {
		series(`go_gc_duration_seconds{quantile="`+quantile+`"}`, 3.1e-05+1.7e-05*float64(at)+math.Mod(s.cycles, 7)*1e-07)
	}
	series("go_gc_duration_seconds_sum", s.paused)
	series("go_gc_duration_seconds_count", s.cycles)
	metric("go_gc_gogc_percent", "Percentage by which the heap may grow before the next collection, set by the user or 100.", "gauge", 100)
	metric("go_gc_gomemlimit_bytes", "Limit of memory that the runtime keeps to, set by the user or the largest integer.", "gauge", 9.223372036854776e+18)
	metric("go_goroutines", "Number of goroutines that currently exist in this process.", "gauge", 14+s.waiting)
	head("go_info", "What this process was built with, as the runtime tells it.", "gauge")
	series(`go_info{version="go1.26.8"}`, 1)
	metric("go_memstats_alloc_bytes", "Bytes allocated in the heap and in use, reachable or not yet collected.", "gauge", heap)
	metric("go_memstats_alloc_bytes_total", "Bytes ever allocated in the heap, even if they have been freed since.", "counter", s.alloc)
	metric("go_memstats_buck_hash_sys_bytes", "Bytes of memory in the hash tables of the profilers.", "gauge", 1.45e+06)
	metric("go_memstats_frees_total", "Number of objects of the heap that have been freed so far.", "counter", math.Round(s.mallocs-heap/90))
	metric("go_memstats_gc_sys_bytes", "Bytes of memory in the metadata of the collector of garbage.", "gauge", 3.1e+06)
	metric("go_memstats_heap_alloc_bytes", "Bytes of the heap that are allocated and in use at this moment.", "gauge", heap)
	metric("go_memstats_heap_idle_bytes", "Bytes of the heap that wait to be used, in spans without objects.", "gauge", math.Round(system-heap/8192)*1)
	metric("go_memstats_heap_inuse_bytes", "Bytes of the heap in spans that hold at least one object.", "gauge", math.Ceil(heap*1.15/8192)*8192)
	metric("go_memstats_heap_objects", "Number of objects that are allocated in the heap at this moment.", "gauge", math.Round(heap/90))
	metric("go_memstats_heap_released_bytes", "Bytes of the heap that were given back to the operating system.", "gauge", math.Floor(system/5/8192)*8192)
	metric("go_memstats_heap_sys_bytes", "Bytes of the heap that were obtained from the operating system.", "gauge", 2.3e+07)
	metric("go_memstats_last_gc_time_seconds", "Seconds since 1970 of the last collection of garbage.", "gauge", float64(now.UnixMilli()-int64(math.Mod(s.heap, 9000)))/1000)
	metric("go_memstats_mallocs_total", "Number of objects ever allocated in the heap, freed or not.", "counter", s.mallocs)
	metric("go_memstats_mcache_inuse_bytes", "Bytes of memory of structures of the caches of threads in use.", "gauge", 2416)
	metric("go_memstats_mcache_sys_bytes", "Bytes of memory obtained for structures of the caches of threads.", "gauge", 15704)
	metric("go_memstats_mspan_inuse_bytes", "Bytes of memory of structures of spans that are in use.", "gauge", math.Ceil(heap/8192)*160)
	metric("go_memstats_mspan_sys_bytes", "Bytes of memory obtained for structures of spans.", "gauge", 228480)
	metric("go_memstats_next_gc_bytes", "Size of the heap at which the next collection of garbage takes place.", "gauge", math.Round(2*s.live))
	metric("go_memstats_other_sys_bytes", "Bytes of memory obtained for all other structures of the runtime.", "gauge", 1.1e+06)
	metric("go_memstats_stack_inuse_bytes", "Bytes of memory of the stacks of goroutines that are in use.", "gauge", math.Ceil((14+s.waiting)/4)*32768)
	metric("go_memstats_stack_sys_bytes", "Bytes of memory obtained from the system for stacks of goroutines.", "gauge", 1.2e+06)
	metric("go_memstats_sys_bytes", "Bytes of memory obtained from the operating system in all.", "gauge", 3.1e+07)
	metric("go_sched_gomaxprocs_threads", "Number of threads that may run goroutines at the same time.", "gauge", 4)
	metric("go_threads", "Number of threads of the operating system that were made.", "gauge", 9)
	metric("process_cpu_seconds_total", "Seconds of CPU, of the user and of the system, that were spent.", "counter", s.cpu)
	metric("process_max_fds", "Largest number of file descriptors that may be open.", "gauge", 1.048576e+06)
	metric("process_network_receive_bytes_total", "Bytes that the process received over the network.", "counter", s.requests*612)
	metric("process_network_transmit_bytes_total", "Bytes that the process sent over the network.", "counter", s.requests*2313)
	metric("process_open_fds", "Number of file descriptors that are open at this moment.", "gauge", 11+s.waiting)
	metric("process_resident_memory_bytes", "Bytes of memory of this process that are resident.", "gauge", math.Ceil((2e7+heap)/4096)*4096)
	metric("process_start_time_seconds", "Seconds since 1970 at which this process was started.", "gauge", float64(s.started.UnixMilli()/10)/100)
	metric("process_virtual_memory_bytes", "Bytes of memory of this process that are mapped.", "gauge", 1.265709056e+09)
	metric("process_virtual_memory_max_bytes", "Largest number of bytes that this process may map.", "gauge", 1.8446744073709552e+19)
	head("http_requests_total", "Requests that were answered, by status of the answer.", "counter")
	series(`http_requests_total{code="200"}`, s.requests-s.errors)
	series(`http_requests_total{code="500"}`, s.errors)
	metric("http_requests_in_flight", "Requests that are being answered at this moment.", "gauge", s.waiting)
	metric("http_request_duration_seconds_sum", "Seconds that all requests together have taken.", "untyped", s.latency)
	return page
}

func number(page []byte, value float64) []byte {
	return append(strconv.AppendFloat(page, value, 'g', -1, 64), '\n')
}
