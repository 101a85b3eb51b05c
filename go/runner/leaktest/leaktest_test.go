// Tests of the checks: this binary runs itself once more with tests that leak, and reads what they say.

package leaktest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/goherd/goherd/go/runner"
)

const leaking = "LEAKTEST_LEAKING"

// forever never gets anything.
var forever = make(chan struct{})

// block keeps a goroutine for ever and tells when it is there.
//
//go:noinline
func block(up chan<- struct{}) {
	up <- struct{}{}
	<-forever
}

// TestLeaking is a family of tests that are only run by the others: "leaks" in a name is the truth about it.
func TestLeaking(t *testing.T) {
	if os.Getenv(leaking) == "" {
		t.Skip("run by other tests")
	}
	for name, run := range map[string]func(context.Context, *testing.T){
		"leaks": func(_ context.Context, t *testing.T) { go block(ready(t)) },
		"leaks_a_grandchild": func(_ context.Context, t *testing.T) {
			up := ready(t)
			go func() { go block(up) }()
		},
		"leaks_without_label": func(_ context.Context, t *testing.T) {
			up := ready(t)
			go func() {
				pprof.SetGoroutineLabels(context.Background())
				block(up)
			}()
		},
		"leaks_in_a_runner": func(_ context.Context, t *testing.T) {
			up := ready(t)
			runner.New(context.Background(), "r").Go("task", func(context.Context) error { block(up); return nil })
		},
		"leaks_below_a_runner": func(ctx context.Context, t *testing.T) {
			up := ready(t)
			r := runner.New(ctx, "r")
			r.Go("task", func(context.Context) error { go block(up); return nil })
			_ = r.Wait()
		},
		"leaks_three": func(_ context.Context, t *testing.T) {
			for range 3 {
				go block(ready(t))
			}
		},
		"leaks_in_a_subtest": func(_ context.Context, t *testing.T) {
			t.Run("sub", func(t *testing.T) { go block(ready(t)) })
		},
		"clean": func(_ context.Context, t *testing.T) {
			done := make(chan struct{})
			go func() { close(done) }()
			<-done
		},
		"clean_when_the_context_ends": func(ctx context.Context, t *testing.T) {
			go func() { <-ctx.Done() }()
		},
		"clean_with_a_server": func(_ context.Context, t *testing.T) {
			s := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			if w, err := s.Client().Get(s.URL); err != nil {
				t.Error(err)
			} else {
				w.Body.Close()
			}
		},
		"clean_after_a_while": func(_ context.Context, t *testing.T) {
			go time.Sleep(50 * time.Millisecond)
		},
		"clean_as_told": func(_ context.Context, t *testing.T) { go told(ready(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(Check(t, WithLimit(limit(name)), Ignore("github.com/goherd/goherd/go/runner/leaktest.told"), nil), t)
		})
	}
}

// limit is short where the leak is certain, and only a guard against a hang elsewhere.
func limit(name string) time.Duration {
	if strings.HasPrefix(name, "leaks") {
		return 300 * time.Millisecond
	}
	return time.Minute
}

//go:noinline
func told(up chan<- struct{}) { block(up) }

// ready gives a channel on which a goroutine tells that it is there; the test does not end before.
func ready(t *testing.T) chan<- struct{} {
	up := make(chan struct{})
	t.Cleanup(func() { <-up })
	return up
}

// again runs this binary for some of its leaking tests.
func again(t *testing.T, pattern string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.v", "-test.parallel=12", "-test.run="+pattern)
	cmd.Env = append(os.Environ(), leaking+"=1")
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func TestOnlyLeakersAreAccused(t *testing.T) {
	out := again(t, "^TestLeaking$")
	verdicts := regexp.MustCompile(`(?m)^ +--- (PASS|FAIL): TestLeaking/(\w+) `).FindAllStringSubmatch(out, -1)
	if len(verdicts) != 12 {
		t.Fatalf("%d tests ran, want 12:\n%s", len(verdicts), out)
	}
	for _, v := range verdicts {
		if leaks := strings.HasPrefix(v[2], "leaks"); leaks != (v[1] == "FAIL") {
			t.Errorf("%s is a %s", v[2], v[1])
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestMessage(t *testing.T) {
	out := again(t, "^TestLeaking$/^leaks_three$")
	for _, want := range []string{
		"TestLeaking/leaks_three left goroutines behind\n",
		"  3 in chan receive:\n",
		"leaktest.block\n",
		"leaktest_test.go:",
		"created by github.com/goherd/goherd/go/runner/leaktest.TestLeaking.func",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "leaktest.block\n"); n != 1 {
		t.Errorf("one place is listed %d times:\n%s", n, out)
	}
}

// TestCheckSparesOthers has goroutines of nobody, and of another test, beside its own.
func TestCheckSparesOthers(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	var up = make(chan struct{}, 2)
	hang := func() { up <- struct{}{}; <-stop }
	before := make(chan func())
	defer close(before)
	go func() {
		for f := range before {
			go f()
		}
	}()
	go hang()
	t.Run("checked", func(t *testing.T) {
		Check(t, WithLimit(0))
		before <- hang
		<-up
		<-up
	})
}

func TestMainLooksAtEverything(t *testing.T) {
	var b bytes.Buffer
	stop, up, down := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(down)
		pprof.SetGoroutineLabels(context.Background())
		close(up)
		<-stop
	}()
	<-up
	if code := after(&b, WithLimit(0)); code != 1 || !strings.Contains(b.String(), "leaktest.TestMainLooksAtEverything.func1") {
		t.Errorf("code %d, want 1 and the goroutine: %s", code, b.String())
	}
	close(stop)
	<-down
	b.Reset()
	if code := after(&b, WithLimit(time.Minute)); code != 0 || b.Len() != 0 {
		t.Errorf("code %d, want 0 and no word: %s", code, b.String())
	}
}

const text126 = `goroutine 7 [running]:
main.main()
	/src/main.go:8 +0x1d

goroutine 19 [chan receive, 2 minutes labels:{"endpoint": "/login", "service": "auth"}]:
main.(*T[...]).wait(0xc000, {0x1, 0x2})
	/src/a b.go:12 +0x1d
created by main.start in goroutine 7
	/src/main.go:9 +0x2e

goroutine 20 [select] {service: auth}:
main.loop(...)
	/src/main.go:20
created by main.init.0
	/src/main.go:10 +0x2e
`

func TestRead(t *testing.T) {
	all := read([]byte(text126))
	if len(all) != 3 {
		t.Fatalf("%d goroutines, want 3", len(all))
	}
	g := all[1]
	if g.id != 19 || g.parent != 7 || g.state != "chan receive" || g.creator.Func != "main.start" || g.creator.Line != 9 ||
		g.frames[0].Func != "main.(*T[...]).wait" || g.frames[0].File != "/src/a b.go" || g.frames[0].Line != 12 {
		t.Errorf("read %+v", g)
	}
	if g := all[2]; g.id != 20 || g.parent != 0 || g.state != "select" || g.frames[0].Func != "main.loop" || g.frames[0].Line != 20 ||
		g.creator.Func != "main.init.0" {
		t.Errorf("read %+v", g)
	}
}

func BenchmarkCheck(b *testing.B) {
	stop := make(chan struct{})
	defer close(stop)
	for range 200 {
		go func() { <-stop }()
	}
	c := &check{label: "bench", self: 1 << 60}
	b.ReportAllocs()
	for b.Loop() {
		if leaks, err := c.find(); err != nil || len(leaks) != 0 {
			b.Fatal(leaks, err)
		}
	}
}
