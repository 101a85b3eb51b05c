// The scanner's policies, limits and end.

//lint:file-ignore SA2001 only the locking matters here

package fuse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goherd/goherd/go/fuse"
	"github.com/goherd/goherd/go/internal/parked"
)

func readReport(t *testing.T, file string) *fuse.Report {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := new(fuse.Report)
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Locks that many want, but nobody keeps, are no news.
func TestHealthyContentionIsSilent(t *testing.T) {
	s, _ := scan(t, fuse.Options{Limit: 5 * time.Second, Tick: 5 * time.Millisecond})
	var m fuse.Mutex
	var rw fuse.RWMutex
	var done sync.WaitGroup
	end := time.Now().Add(time.Second)
	for range 16 {
		done.Add(1)
		go func() {
			defer done.Done()
			for time.Now().Before(end) {
				m.Lock()
				runtime.Gosched()
				m.Unlock()
				rw.RLock()
				runtime.Gosched()
				rw.RUnlock()
				rw.Lock()
				rw.Unlock()
			}
		}()
	}
	done.Wait()
	if n := s.Reports() + s.Suppressed(); n != 0 {
		t.Errorf("%d reports of healthy locks", n)
	}
	if n := fuse.Waiting(); n != 0 {
		t.Errorf("%d still listed", n)
	}
}

// A report is not repeated while its waiters stay, and the next comes only after
// Every.
func TestRate(t *testing.T) {
	s, reports := scan(t, fuse.Options{Limit: 20 * time.Millisecond, Every: time.Hour})
	var a, b fuse.Mutex
	var done sync.WaitGroup
	first := selfLock(&done, &a)
	next(t, reports)
	second := selfLock(&done, &b)
	for guard := time.Now().Add(hang); s.Suppressed() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(guard) {
			t.Fatal("the second deadlock was never found")
		}
	}
	first.end()
	second.end()
	done.Wait()
	if s.Reports() != 1 {
		t.Errorf("%d reports within the hour", s.Reports())
	}
}

// Long waits for a WaitGroup and a Cond count only with a limit.
func TestWaitsNeedALimit(t *testing.T) {
	_, reports := scan(t, fuse.Options{Limit: 20 * time.Millisecond})
	var mu fuse.Mutex
	plainCond, cond := fuse.NewCond(&mu), fuse.NewCond(&mu)
	cond.Watch("queue", 50*time.Millisecond)
	var plain, wg fuse.WaitGroup
	wg.Watch("workers", 50*time.Millisecond)
	plain.Add(1)
	wg.Add(1)
	var done sync.WaitGroup
	woken := false
	for _, c := range []*fuse.Cond{plainCond, cond} {
		done.Add(1)
		go func() {
			defer done.Done()
			mu.Lock()
			for !woken {
				c.Wait()
			}
			mu.Unlock()
		}()
	}
	for _, w := range []*fuse.WaitGroup{&plain, &wg} {
		done.Add(1)
		go func() { defer done.Done(); w.Wait() }()
	}
	seen := map[string]bool{}
	for len(seen) < 2 {
		r := next(t, reports)
		for _, l := range r.Locks {
			if l.HolderKnown || len(l.Guesses) > 0 || len(l.Waiters) != 1 {
				t.Errorf("lock %+v, want one waiter and no holder", l)
			}
			seen[l.Kind+" "+l.Name] = true
		}
	}
	mu.Lock()
	woken = true
	mu.Unlock()
	cond.Broadcast()
	plainCond.Broadcast()
	plain.Done()
	wg.Done()
	done.Wait()
	if !seen["cond queue"] || !seen["waitgroup workers"] {
		t.Errorf("reported %v, want only those with a limit", seen)
	}
}

// The webhook gets a bounded body without labels, arguments and folders.
func TestWebhook(t *testing.T) {
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- body
	}))
	defer server.Close()
	parked.Start(t, 300)
	scan(t, fuse.Options{Limit: 20 * time.Millisecond, Policy: fuse.Webhook, URL: server.URL, MaxBody: 6000})
	var m fuse.Mutex
	var done sync.WaitGroup
	trouble := holderOnChannel(&done, &m)
	for range 50 {
		done.Add(1)
		go func() { defer done.Done(); waitFor(&m) }()
	}
	var body []byte
	select {
	case body = <-bodies:
	case <-time.After(hang):
		t.Fatal("nothing posted")
	}
	trouble.end()
	done.Wait()
	if len(body) > 6000 || bytes.Contains(body, []byte("(0x")) || bytes.Contains(body, []byte(`"labels"`)) {
		t.Errorf("%d bytes: %s", len(body), body)
	}
	if cwd, _ := os.Getwd(); bytes.Contains(body, []byte(cwd)) {
		t.Errorf("a folder's name leaves the machine: %s", body)
	}
	var r fuse.Report
	if err := json.Unmarshal(body, &r); err != nil || len(r.Locks) != 1 || r.Hidden["goroutines"] < 300 {
		t.Errorf("%v: %d locks, hidden %v", err, len(r.Locks), r.Hidden)
	}
}

// A webhook that never answers and an observer that panics cost the scanner
// time, and the locks nothing.
func TestBadObservers(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer server.Close()
	defer close(stop)
	var log lines
	seen := make(chan struct{}, 8)
	scan(t, fuse.Options{
		Limit: 20 * time.Millisecond, Policy: fuse.Webhook | fuse.Log, URL: server.URL, Timeout: 50 * time.Millisecond,
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		Observe: func(context.Context, *fuse.Report, string) { seen <- struct{}{}; panic("observer") },
	})
	for range 2 { // the second shows that the scanner lives
		var m fuse.Mutex
		var done sync.WaitGroup
		trouble := selfLock(&done, &m)
		select {
		case <-seen:
		case <-time.After(hang):
			t.Fatal("not observed")
		}
		trouble.end()
		done.Wait()
	}
	for _, want := range []string{"webhook failed", "Observe panicked", "fuse: tripped"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, log.String())
		}
	}
}

// A blocked observer keeps no lock from being locked.
func TestBlockedObserver(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	var once sync.Once
	scan(t, fuse.Options{Limit: 20 * time.Millisecond, Observe: func(context.Context, *fuse.Report, string) {
		once.Do(func() { close(in); <-out })
	}})
	var m fuse.Mutex
	var done sync.WaitGroup
	trouble := selfLock(&done, &m)
	<-in
	trouble.end()
	done.Wait() // the waiter locks and unlocks while the observer blocks
	close(out)
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// The panic comes after the file.
func TestPanicPolicy(t *testing.T) {
	if dir := os.Getenv("FUSE_TEST_PANIC"); dir != "" {
		if _, err := fuse.Start(context.Background(), fuse.Options{Limit: 50 * time.Millisecond, Dir: dir, Policy: fuse.Panic}); err != nil {
			t.Fatal(err)
		}
		var m fuse.Mutex
		lockTwice(&m)
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestPanicPolicy$")
	child.Env = append(os.Environ(), "FUSE_TEST_PANIC="+dir)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !bytes.Contains(out, []byte("fuse: tripped (blocked)")) {
		t.Fatalf("%v\n%s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 1 {
		t.Fatalf("files %v, want the report alone", files)
	}
	if r := readReport(t, files[0]); len(r.Waiters) != 1 || len(r.Locks) != 1 {
		t.Errorf("report %+v", r)
	}
}

// Of a dump that was cut nobody is said to have ended.
func TestTruncated(t *testing.T) {
	parked.Start(t, 100)
	_, reports := scan(t, fuse.Options{Limit: 20 * time.Millisecond, MaxDump: 4096})
	var m fuse.Mutex
	m.Watch("cut")
	var done sync.WaitGroup
	trouble := holderOnChannel(&done, &m)
	r := next(t, reports)
	trouble.end()
	done.Wait()
	if l := find(r, &m); !r.Truncated || r.Total >= 100 || l == nil || !l.HolderKnown || l.Holders[0].Ended {
		t.Errorf("truncated %v, %d goroutines, lock %+v", r.Truncated, r.Total, l)
	}
}

// Leaks that the runtime proves are reported where it can.
func TestLeakProfile(t *testing.T) {
	if fuse.Leaks() == nil {
		t.Skip("this runtime has no leak profile")
	}
	_, reports := scan(t, fuse.Options{LeakEvery: 10 * time.Millisecond})
	leakOne()
	for {
		r := next(t, reports)
		if r.Reason != "leak" || r.Leaked == nil || *r.Leaked < 1 {
			t.Fatalf("report %+v", r)
		}
		for _, g := range r.Goroutines {
			if g.Leaked && strings.HasSuffix(r.Stacks[g.Stack].Frames[0].Func, ".leakOne.func1") {
				return
			}
		}
	}
}

// A scanner that lists a waiter keeps neither it nor its lock reachable: the
// runtime still proves that nobody can ever unlock it.
func TestListedIsStillProvable(t *testing.T) {
	if fuse.Leaks() == nil {
		t.Skip("this runtime has no leak profile")
	}
	if os.Getenv("FUSE_TEST_LISTED") == "" { // in a process of its own: nobody can end that goroutine
		child := exec.Command(os.Args[0], "-test.run=^TestListedIsStillProvable$", "-test.v")
		child.Env = append(os.Environ(), "FUSE_TEST_LISTED=1")
		if out, err := child.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestListed")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	_, reports := scan(t, fuse.Options{Limit: 100 * time.Millisecond})
	lockTwiceAndForget()
	r := next(t, reports)
	for _, g := range r.Goroutines {
		if g.ID == r.Waiters[0].Goroutine {
			if !g.Leaked || !strings.HasPrefix(g.State, "sync.Mutex.Lock") {
				t.Errorf("goroutine %+v, want one that is proved to be leaked; count %d", g, *r.Leaked)
			}
			return
		}
	}
	t.Errorf("the waiter %+v is not in the dump", r.Waiters)
}

//go:noinline
func lockTwiceAndForget() {
	m := new(fuse.Mutex)
	go lockTwice(m)
}

//go:noinline
func leakOne() {
	c := make(chan int)
	go func() { <-c }()
}

// A stopped scanner lists nothing any more, and nil options do not harm.
func TestStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := fuse.Start(ctx, fuse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	s.Stop()
	s.Stop()
	(*fuse.Scanner)(nil).Stop()
	var m fuse.Mutex
	m.Lock()
	var done sync.WaitGroup
	done.Add(1)
	go func() { defer done.Done(); waitFor(&m) }()
	for i := 0; i < 1000; i++ {
		runtime.Gosched()
		if fuse.Waiting() != 0 {
			t.Fatal("listed without a scanner")
		}
	}
	m.Unlock()
	done.Wait()
	if _, err := fuse.Start(context.Background(), fuse.Options{Policy: fuse.Webhook}); err == nil {
		t.Error("a webhook without URL was accepted")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fuse.Start(context.Background(), fuse.Options{Dir: file}); err == nil {
		t.Error("a folder that is a file was accepted")
	}
}
