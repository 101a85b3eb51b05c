// The service, with its faults and without.

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/deadline"
	"github.com/goherd/goherd/go/stream"
)

const (
	samples   = 4096
	chunks    = 64
	allowed   = 100 * time.Millisecond
	chunkSize = samples / chunks
)

type service struct {
	faults
	log    *slowLog
	work   int // windows per request
	buffer *stream.Buffer[*request]
	served sync.WaitGroup
	wasted atomic.Int64 // answers computed for clients that had left
}

// request waits in the buffer; its result is sent at most once.
type request struct {
	seed   uint64
	result chan summary
}

type summary struct {
	mean, p99 float64
	err       error
}

var errLate = errors.New("too late to begin")

func newService(f faults, work int, logDelay time.Duration) *service {
	s := &service{faults: f, work: work, log: newSlowLog(logDelay, f.syncLog)}
	if f.loseContext {
		return s
	}
	// One processor is left to the network: who must wait for windows to be told that it is too late has waited for nothing.
	s.buffer = stream.New(max(1, runtime.GOMAXPROCS(0)-1), 0, func(_ context.Context, r *request) { r.result <- summary{err: errLate} })
	s.served.Add(1)
	go func() {
		defer s.served.Done()
		_ = s.buffer.Serve(context.Background(), func(ctx context.Context, r *request) { r.result <- s.compute(ctx, r.seed) })
	}()
	return s
}

func (s *service) close() {
	if s.buffer != nil {
		s.buffer.Close()
		s.served.Wait()
	}
	s.log.close()
}

// handler takes over the client's deadline, unless contexts are lost anyway.
func (s *service) handler() http.Handler {
	if s.loseContext {
		return s
	}
	return new(deadline.Chain).Middleware(s)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var got summary
	if s.loseContext {
		got = s.compute(context.Background(), uint64(time.Now().UnixNano()))
	} else {
		got = s.admitted(r.Context())
	}
	if r.Context().Err() != nil && got.err == nil {
		s.wasted.Add(1)
	}
	if got.err != nil {
		http.Error(w, got.err.Error(), http.StatusServiceUnavailable)
		return
	}
	s.log.write(fmt.Sprintf("%s mean %.3f p99 %.3f", r.URL.Path, got.mean, got.p99))
	fmt.Fprintf(w, "%.3f %.3f\n", got.mean, got.p99)
}

// admitted takes the way through the buffer: refused at once when it cannot be in time.
func (s *service) admitted(ctx context.Context) summary {
	ctx, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	r := &request{seed: uint64(time.Now().UnixNano()), result: make(chan summary, 1)}
	if err := s.buffer.Push(ctx, r); err != nil {
		return summary{err: err}
	}
	select {
	case got := <-r.result:
		return got
	case <-ctx.Done():
		return summary{err: ctx.Err()}
	}
}

// compute makes a request's windows and returns the last one's summary.
func (s *service) compute(ctx context.Context, seed uint64) (got summary) {
	for i := range s.work {
		if s.noPool {
			got = computeApart(ctx, seed+uint64(i))
		} else {
			got = computePooled(ctx, seed+uint64(i))
		}
		if got.err != nil {
			break
		}
	}
	return got
}

// computePooled uses a window again and stays on its goroutine.
func computePooled(ctx context.Context, seed uint64) summary {
	window := windows.Get().(*[samples]float64)
	defer windows.Put(window)
	for i := 0; i < samples; i += chunkSize {
		if ctx.Err() != nil {
			return summary{err: ctx.Err()}
		}
		fill(window[i:i+chunkSize], seed+uint64(i))
	}
	return summarise(window[:])
}

var windows = sync.Pool{New: func() any { return new([samples]float64) }}

// computeApart gives each chunk a goroutine and a slice.
func computeApart(ctx context.Context, seed uint64) summary {
	parts := make([][]float64, chunks)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			parts[i] = make([]float64, chunkSize)
			fill(parts[i], seed+uint64(i*chunkSize))
		}()
	}
	wg.Wait()
	if ctx.Err() != nil {
		return summary{err: ctx.Err()}
	}
	var window []float64
	for _, p := range parts {
		window = append(window, p...)
	}
	return summarise(window)
}

func fill(part []float64, seed uint64) {
	for i := range part {
		seed = seed*6364136223846793005 + 1442695040888963407
		part[i] = float64(seed>>40) / (1 << 24)
	}
}

func summarise(window []float64) summary {
	sum := 0.0
	for _, v := range window {
		sum += v
	}
	slices.Sort(window)
	return summary{mean: sum / float64(len(window)), p99: window[len(window)*99/100]}
}

// slowLog stands for a log on a disk that takes some time for each write, however much it writes.
type slowLog struct {
	delay time.Duration
	mu    sync.Mutex
	lines chan string // nil: write at once
	ended chan struct{}
}

func newSlowLog(delay time.Duration, synchronous bool) *slowLog {
	l := &slowLog{delay: delay}
	if synchronous {
		return l
	}
	l.lines, l.ended = make(chan string, 4096), make(chan struct{})
	go l.drain()
	return l
}

func (l *slowLog) write(line string) {
	if l.lines == nil {
		l.mu.Lock()
		time.Sleep(l.delay)
		l.mu.Unlock()
		return
	}
	select {
	case l.lines <- line:
	default: // a full log must not stop the service
	}
}

// drain writes all that waits at once.
func (l *slowLog) drain() {
	defer close(l.ended)
	for range l.lines {
		for len(l.lines) > 0 {
			<-l.lines
		}
		time.Sleep(l.delay)
	}
}

func (l *slowLog) close() {
	if l.lines != nil {
		close(l.lines)
		<-l.ended
	}
}
