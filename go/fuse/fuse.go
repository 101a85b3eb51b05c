// The scanner: looks once a tick at who waits, and reports whoever waits too long.

// Package fuse tells a service's own deadlocks while they happen. Its [Mutex],
// [RWMutex], [Cond] and [WaitGroup] have the methods of package sync's and are
// put in their place where it matters; a [Scanner], one goroutine, looks at
// their waiters every quarter of a second. When somebody has waited for more than 5
// seconds it takes one dump of all goroutines and writes a JSON report: who
// waits for which lock, who holds it, the cycles among them, and every
// goroutine with the graph of calls. Only then may it panic, where it is asked to.
//
// # Cost
//
// A lock that nobody has waited for costs 1.1 times sync.Mutex (BenchmarkMutex).
// From its first wait on, while a scanner runs, and from Watch on, a lock also
// notes its holder, for 1.6 times (BenchmarkMutexWatched); for readers of a
// RWMutex that takes a lock of their own, 5 times (BenchmarkRWMutexWatched), and
// 1.4 times before (BenchmarkRWMutex).
// To be listed as waiting costs a tenth of a microsecond and no allocation
// (BenchmarkWait); a look at nobody, half a microsecond (BenchmarkScan). A
// report stops the world for as long as a dump takes: tens of milliseconds at
// 10,000 goroutines (BenchmarkTrip), at most once in ten minutes.
//
// # Limits
//
// The holder is known when the lock was watched or has been waited for before
// it was locked; otherwise the report guesses and says so. Locks of package
// sync are not seen, nor waits that began before a scanner ran. Waits for a
// WaitGroup or a Cond count only where a limit was named. There is no Go API that runs code before a foreign panic or a fatal
// error ("all goroutines are asleep"): the report is written when a wait is too
// long, not when the process dies.
package fuse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goherd/goherd/go/internal/goid"
)

// A Policy says what follows a report. Policies are added with |; the file, if
// there is a folder for it, is written before any of them.
type Policy uint8

const (
	// Log writes one record at level Error: counts, the file, the first locks.
	Log Policy = 1 << iota
	// Webhook posts the redacted report to Options.URL.
	Webhook
	// Panic ends the process by a panic of type *Tripped in the scanner's
	// goroutine, after all else is done.
	Panic
)

// Options of a Scanner. The zero value is a scanner that logs.
type Options struct {
	// Limit is the longest healthy wait for a lock; 5 s when 0 or less.
	Limit time.Duration
	// Tick is the time between looks; a twentieth of Limit when 0 or less, at
	// most a quarter of a second. A wait is reported between Limit and Limit + 3 Ticks.
	Tick time.Duration
	// Every is the least time between reports; 10 minutes when 0, none when less.
	Every time.Duration
	// Dir is the folder for reports, made when it is missing; "" writes no files.
	Dir string
	// Keep is how many of this process's reports stay in Dir; 20 when 0 or less.
	Keep int
	// MaxDump is the largest dump in bytes; 256 MiB when 0 or less. A larger
	// one is cut and the report says Truncated.
	MaxDump int
	// LeakEvery is how often the runtime's leak profile is asked, where there
	// is one (Go 1.27): 10 minutes when 0, never when less. It costs two
	// garbage collections.
	LeakEvery time.Duration

	// Policy is what follows a report; Log when 0.
	Policy Policy
	// Logger for Log and for errors; slog.Default when nil.
	Logger *slog.Logger
	// URL, Client (http.DefaultClient when nil), Timeout (5 s when 0 or less)
	// and MaxBody (1 MiB when 0 or less, in bytes) are for Webhook.
	URL     string
	Client  *http.Client
	Timeout time.Duration
	MaxBody int
	// Observe, when set, is called with each report and its file, in the
	// scanner's goroutine: while it runs nothing is scanned, but no lock of the
	// service waits for it. Its panic is logged.
	Observe func(ctx context.Context, r *Report, file string)
}

// Tripped is the value of the Panic policy's panic.
type Tripped struct {
	Reason string
	File   string // "" when none was written
}

func (t *Tripped) Error() string {
	return fmt.Sprintf("fuse: tripped (%s), report in %q", t.Reason, t.File)
}

// A Scanner looks at waiters until it is stopped.
type Scanner struct {
	opt    Options
	cancel context.CancelFunc
	done   chan struct{}
	last   time.Time // report
	leaks  int       // told so far

	suppressed atomic.Int64
	reports    atomic.Int64
}

// Start starts a scanner, which runs until ctx ends or Stop is called. It
// returns an error when Dir cannot be made, or when Webhook has no URL. One per
// process is enough; a wait that one has reported no other reports.
func Start(ctx context.Context, opt Options) (*Scanner, error) {
	if opt.Policy&Webhook != 0 && opt.URL == "" {
		return nil, errors.New("fuse: policy Webhook without a URL")
	}
	if opt.Dir != "" {
		if err := makeDir(opt.Dir); err != nil {
			return nil, fmt.Errorf("fuse: %w", err)
		}
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Scanner{opt: opt.defaults(), cancel: cancel, done: make(chan struct{})}
	goid.Get() // finds the offset before the first wait needs it
	scanners.Add(1)
	go s.run(ctx)
	return s, nil
}

// Stop stops the scanner and waits until it has. Not to be called by Observe.
func (s *Scanner) Stop() {
	if s == nil {
		return
	}
	s.cancel()
	<-s.done
}

// Reports is the number of reports so far, Suppressed that of looks that found
// something to report within Options.Every of the last report.
func (s *Scanner) Reports() int64    { return s.reports.Load() }
func (s *Scanner) Suppressed() int64 { return s.suppressed.Load() }

func (o Options) defaults() Options {
	if o.Limit <= 0 {
		o.Limit = 5 * time.Second
	}
	if o.Tick <= 0 {
		o.Tick = min(max(o.Limit/20, time.Millisecond), 250*time.Millisecond)
	}
	if o.Every == 0 {
		o.Every = 10 * time.Minute
	}
	if o.Keep <= 0 {
		o.Keep = 20
	}
	if o.MaxDump <= 0 {
		o.MaxDump = 256 << 20
	}
	if o.LeakEvery == 0 {
		o.LeakEvery = 10 * time.Minute
	}
	if o.Policy == 0 {
		o.Policy = Log
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	return o
}

func (s *Scanner) run(ctx context.Context) {
	defer close(s.done)
	defer scanners.Add(-1)
	tick := time.NewTicker(s.opt.Tick)
	defer tick.Stop()
	leaks := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if s.find(now) {
			if s.mayReport(now) {
				s.trip(ctx)
			} else {
				s.suppressed.Add(1)
			}
		}
		if s.opt.LeakEvery > 0 && now.Sub(leaks) >= s.opt.LeakEvery {
			leaks = now
			s.lookForLeaks(ctx)
		}
	}
}

// find reports whether some lock has a waiter that waits too long, and none
// that a report has told of already: who queues up behind a known deadlock is
// no news.
func (s *Scanner) find(now time.Time) bool {
	waits := listed(now)
	told := toldOf(waits)
	for _, w := range waits {
		if overdue(w, now, s.opt.Limit) && !told[w.rec] {
			return true
		}
	}
	return false
}

func (s *Scanner) mayReport(now time.Time) bool {
	return s.last.IsZero() || s.opt.Every < 0 || now.Sub(s.last) >= s.opt.Every
}

func toldOf(waits []wait) map[*record]bool {
	told := map[*record]bool{}
	for _, w := range waits {
		if w.reported {
			told[w.rec] = true
		}
	}
	return told
}

func overdue(w wait, now time.Time, limit time.Duration) bool {
	if !held(w.rec.kind) {
		limit = w.rec.limit
	}
	return now.Sub(w.seen) > limit
}

// trip looks once more, since a late tick can make a wait look long that has
// just ended, and takes the dump.
func (s *Scanner) trip(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(s.opt.Tick):
	}
	if !s.find(time.Now()) {
		return
	}
	leaked := countLeaks() // twice inside; the dump then marks what it proved
	seen := look(s.opt.MaxDump)
	told := map[*record]bool{}
	for _, w := range seen.waits {
		if overdue(w, seen.at, s.opt.Limit) {
			told[w.rec] = true
		}
	}
	if len(told) == 0 {
		return
	}
	markReported(told)
	if leaked != nil {
		s.leaks = max(s.leaks, *leaked) // this report has marked them
	}
	r := seen.report(s.opt.Limit)
	r.Leaked = leaked
	s.report(ctx, r)
}

// report writes the file and then does what the policy says.
func (s *Scanner) report(ctx context.Context, r *Report) {
	s.last = time.Now()
	s.reports.Add(1)
	file := ""
	if s.opt.Dir != "" {
		var err error
		if file, err = writeFile(s.opt.Dir, s.opt.Keep, r); err != nil {
			s.log("fuse: no report written", "error", err)
		}
	}
	if s.opt.Policy&Log != 0 {
		s.log("fuse: tripped", "reason", r.Reason, "file", file, "goroutines", r.Total, "waiters", len(r.Waiters),
			"cycles", len(r.Cycles), "locks", summary(r))
	}
	if s.opt.Policy&Webhook != 0 {
		if err := s.post(ctx, r); err != nil {
			s.log("fuse: webhook failed", "error", err)
		}
	}
	s.observe(ctx, r, file)
	if s.opt.Policy&Panic != 0 {
		panic(&Tripped{Reason: r.Reason, File: file})
	}
}

func (s *Scanner) observe(ctx context.Context, r *Report, file string) {
	if s.opt.Observe == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.log("fuse: Observe panicked", "panic", fmt.Sprint(v))
		}
	}()
	s.opt.Observe(ctx, r, file)
}

// log outlives a logger that panics.
func (s *Scanner) log(text string, args ...any) {
	defer func() { _ = recover() }()
	s.opt.Logger.Error(text, args...)
}
