// Command regress serves requests it makes itself at a steady rate, and writes profiles of that: the program that `goherd diff` is
// measured with. Flags make it worse, or better, in one way each; `cargo xtask bench diff` also builds it with other names, lines,
// closures and wrappers, which must make no difference.
//
//	regress -out DIR [-seconds 10] [-rate 100] [-trace]
//	        [-worse hot|slower|deeper|held|reply|send|pause|leak|resident|garbage] [-better parse|held|resident]
//
// With -trace it writes an execution trace instead of profiles, a task a request.
//
// It uses the standard library only.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"sync"
	"time"
)

// behaviour is what the flags change.
type behaviour struct {
	parseRounds, scoreRounds, auditRounds int
	depth                                 int
	held, reply, drained, pause           time.Duration
	leakEvery                             int
	sessionBytes, scratchBytes            int
}

func ordinary() behaviour {
	return behaviour{
		parseRounds: 7000, scoreRounds: 10000, depth: 6,
		held: 3 * time.Millisecond, reply: 4 * time.Millisecond, drained: time.Millisecond,
		sessionBytes: 8 << 10, scratchBytes: 96 << 10,
	}
}

func (b *behaviour) worse(how string) {
	switch how {
	case "":
	case "hot":
		b.auditRounds = 9000
	case "slower":
		b.parseRounds *= 3
	case "deeper":
		b.depth *= 4
	case "held":
		b.held *= 4
	case "reply":
		b.reply *= 4
	case "send":
		b.drained *= 12
	case "pause":
		b.pause = 5 * time.Millisecond
	case "leak":
		b.leakEvery = 8
	case "resident":
		b.sessionBytes *= 4
	case "garbage":
		b.scratchBytes *= 6
	default:
		log.Fatalf("no way to be worse is called %s", how)
	}
}

func (b *behaviour) better(how string) {
	switch how {
	case "":
	case "parse":
		b.parseRounds /= 3
	case "held":
		b.held /= 3
	case "resident":
		b.sessionBytes /= 3
	default:
		log.Fatalf("no way to be better is called %s", how)
	}
}

type request struct {
	number int
	body   []byte
}

type service struct {
	behaviour
	store    *store
	sessions *sessions
	calls    chan call
	events   chan int
	jobs     chan int
	never    chan struct{}
}

func main() {
	out := flag.String("out", ".", "folder to write to")
	seconds := flag.Float64("seconds", 10, "how long to serve")
	rate := flag.Float64("rate", 100, "requests a second")
	worse := flag.String("worse", "", "what to do worse")
	better := flag.String("better", "", "what to do better")
	traced := flag.Bool("trace", false, "write an execution trace instead of profiles")
	flag.Parse()

	s := &service{
		behaviour: ordinary(), store: &store{entries: map[int]uint64{}}, sessions: &sessions{},
		calls: make(chan call), events: make(chan int, 4), jobs: make(chan int, 64), never: make(chan struct{}),
	}
	s.behaviour.worse(*worse)
	s.behaviour.better(*better)
	duration := time.Duration(*seconds * float64(time.Second))
	if *traced {
		recordTrace(s, *out, duration, *rate)
	} else {
		recordProfiles(s, *out, duration, *rate)
	}
	runtime.KeepAlive(s)
}

// recordTrace begins when the service is at work, as one does with a service that runs.
func recordTrace(s *service, out string, duration time.Duration, rate float64) {
	s.start()
	s.load(200*time.Millisecond, rate)
	file, err := os.Create(filepath.Join(out, "trace.out"))
	check(err)
	check(trace.Start(file))
	s.load(duration, rate)
	trace.Stop()
	check(file.Close())
}

func recordProfiles(s *service, out string, duration time.Duration, rate float64) {
	runtime.MemProfileRate = 16 << 10
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	s.start()
	cpu, err := os.Create(filepath.Join(out, "cpu.pb.gz"))
	check(err)
	// The rate stays, and StartCPUProfile says on standard error that it wanted another (runtime/cpuprof.go).
	runtime.SetCPUProfileRate(250)
	check(pprof.StartCPUProfile(cpu))
	s.load(duration, rate)
	pprof.StopCPUProfile()
	check(cpu.Close())
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	runtime.GC()
	for _, kind := range []string{"heap", "allocs", "block", "mutex", "goroutine"} {
		file, err := os.Create(filepath.Join(out, kind+".pb.gz"))
		check(err)
		check(pprof.Lookup(kind).WriteTo(file, 0))
		check(file.Close())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func (s *service) start() {
	noop(func() {}) // closures
	for i := 0; i < 24; i++ {
		go s.worker()
	}
	for i := 0; i < 40; i++ {
		go s.subscriber(time.NewTicker(200 * time.Millisecond))
	}
	go s.store.flush(s.held)
	go func() {
		for c := range s.calls {
			go func() {
				time.Sleep(s.reply)
				c.answer <- c.number
			}()
		}
	}()
	go func() {
		for range s.events {
			time.Sleep(s.drained)
		}
	}()
	for i := 0; i < 2000; i++ {
		s.sessions.add(s.sessionBytes)
	}
}

// load makes requests at a steady rate, each on a goroutine of its own.
func (s *service) load(duration time.Duration, rate float64) {
	every := time.Duration(float64(time.Second) / rate)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	for number := 0; time.Now().Before(end); number++ {
		<-ticker.C
		all.Add(1)
		go func() {
			defer all.Done()
			s.serve(received(number))
		}()
	}
	all.Wait()
}

func (s *service) serve(r request) {
	handle(s, r) // entry
}

//go:noinline
func traced(s *service, r request) {
	handle(s, r)
}

//go:noinline
func handle(s *service, r request) {
	noop(func() {}) // closures
	_, task := trace.NewTask(context.Background(), "request")
	defer task.End()
	value := parse(r.body, s.parseRounds)
	value += score(value, s.scoreRounds)
	if s.auditRounds > 0 {
		value += audit(value, s.auditRounds)
	}
	value += uint64(walk(s.depth, r.number))
	items := scratch(s.scratchBytes, value+uint64(r.number)*0x9e3779b97f4a7c15)
	value += uint64(rank(items))
	s.store.put(r.number, value)
	s.remote(r.number)
	if s.pause > 0 {
		throttle(s.pause)
	}
	s.emit(r.number)
	s.sessions.add(s.sessionBytes)
	s.jobs <- len(answer(value))
	if s.leakEvery > 0 && r.number%s.leakEvery == 0 {
		go s.wait()
	}
}

//go:noinline
func noop(func()) {}

// received stands for reading a request.
//
//go:noinline
func received(number int) request {
	return request{number, make([]byte, 4<<10)}
}

// answer stands for writing an answer.
//
//go:noinline
func answer(value uint64) []byte {
	made := make([]byte, 6<<10)
	for at := range made {
		made[at] = byte(value >> (at % 8))
	}
	return made
}

//go:noinline
func parse(body []byte, rounds int) uint64 {
	var value uint64
	each(rounds, func(i int) { value = value*31 + digest(body, i) })
	return value
}

//go:noinline
func digest(body []byte, i int) uint64 {
	var sum uint64
	for at, b := range body[:256] {
		sum = sum*1099511628211 ^ uint64(b) ^ uint64(at*i)
	}
	return sum
}

//go:noinline
func each(rounds int, do func(int)) {
	for i := 0; i < rounds; i++ {
		do(i)
	}
}

//go:noinline
func score(value uint64, rounds int) uint64 {
	for i := 0; i < rounds; i++ {
		value ^= weigh(value, i)
	}
	return value
}

//go:noinline
func weigh(value uint64, i int) uint64 {
	for k := 0; k < 200; k++ {
		value = value<<7 ^ value>>9 ^ uint64(i+k)
	}
	return value
}

//go:noinline
func audit(value uint64, rounds int) uint64 {
	for i := 0; i < rounds; i++ {
		value ^= weigh(value+1, i)
	}
	return value
}

//go:noinline
func walk(depth, number int) int {
	if depth == 0 {
		return number
	}
	var sum [32]byte
	for i := 0; i < 2800; i++ {
		sum = sha256.Sum256(sum[:])
	}
	return walk(depth-1, number+int(sum[0]))
}

//go:noinline
func scratch(bytes int, value uint64) []int {
	items := make([]int, bytes/8)
	for at := range items {
		value = value*6364136223846793005 + 1442695040888963407
		items[at] = int(value >> 40)
	}
	return items
}

//go:noinline
func rank(items []int) int {
	part := items[:12288]
	slices.Sort(part)
	return part[len(part)/2]
}

// store is a map behind a lock that a background task holds now and then.
type store struct {
	mu      sync.Mutex
	entries map[int]uint64
}

//go:noinline
func (s *store) put(key int, value uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key%4096] = value
}

//go:noinline
func (s *store) flush(held time.Duration) {
	for {
		time.Sleep(6 * time.Millisecond)
		s.mu.Lock()
		time.Sleep(held)
		s.mu.Unlock()
	}
}

// sessions keeps the last of what it was given.
type sessions struct {
	mu   sync.Mutex
	last [2000][]byte
	next int
}

//go:noinline
func (s *sessions) add(bytes int) {
	made := make([]byte, bytes)
	s.mu.Lock()
	s.last[s.next%len(s.last)] = made
	s.next++
	s.mu.Unlock()
}

// throttle is a wait that was not there before.
//
//go:noinline
func throttle(pause time.Duration) {
	time.Sleep(pause)
}

type call struct {
	number int
	answer chan int
}

//go:noinline
func (s *service) remote(number int) int {
	c := call{number, make(chan int)}
	s.calls <- c
	return <-c.answer
}

//go:noinline
func (s *service) emit(number int) {
	s.events <- number
}

func (s *service) worker() {
	for range s.jobs {
	}
}

func (s *service) subscriber(ticker *time.Ticker) {
	for {
		select {
		case <-ticker.C:
		case <-s.never:
			return
		}
	}
}

func (s *service) wait() {
	<-s.never
}
