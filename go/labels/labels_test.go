// Tests of label sets and of their table, against the goroutine profile of this process.

package labels

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"github.com/goherd/goherd/go/internal/profile"
)

var wearing sync.Mutex

// wornLabels is what the calling goroutine wears, as "key=value key=value", by the goroutine profile.
func wornLabels(t testing.TB) string {
	wearing.Lock()
	defer wearing.Unlock()
	return wornNow(t)
}

// wornNow marks the one goroutine in the profile that it is about.
//
//go:noinline
func wornNow(t testing.TB) string {
	p, err := profile.Take()
	if err != nil {
		t.Error(err)
		return ""
	}
	for i := range p.Samples {
		for _, f := range p.Stack(&p.Samples[i]) {
			if strings.HasSuffix(f.Func, "labels.wornNow") {
				var kv []string
				for _, l := range p.Samples[i].Labels {
					kv = append(kv, l.Key+"="+l.Value)
				}
				return strings.Join(kv, " ")
			}
		}
	}
	t.Error("the goroutine is not in its own profile")
	return ""
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s wears %q, want %q", what, got, want)
	}
}

func TestDoLabelsAndRestores(t *testing.T) {
	var table Table
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("team", "id"))
	pprof.SetGoroutineLabels(ctx)
	defer pprof.SetGoroutineLabels(context.Background())
	set := table.Endpoint("auth", "/login")
	set.Do(ctx, func(ctx context.Context) {
		want(t, "inside", wornLabels(t), "endpoint=/login service=auth team=id")
		child := make(chan string)
		go func() { child <- wornLabels(t) }()
		want(t, "a child", <-child, "endpoint=/login service=auth team=id")
		pprof.Do(ctx, pprof.Labels("step", "hash"), func(context.Context) {
			want(t, "below", wornLabels(t), "endpoint=/login service=auth step=hash team=id")
		})
		if c := set.Counts(); c.Live() != 1 {
			t.Errorf("live inside = %d, want 1", c.Live())
		}
	})
	want(t, "after", wornLabels(t), "team=id")
	if c := set.Counts(); c != (Counts{Started: 1, Ended: 1}) {
		t.Errorf("counts = %+v, want one that started and ended", c)
	}
}

func TestDoOnAPlainContext(t *testing.T) {
	var table Table
	table.Endpoint("auth", "").Do(context.Background(), func(ctx context.Context) {
		want(t, "inside", wornLabels(t), "service=auth")
		if v, ok := pprof.Label(ctx, Service); !ok || v != "auth" {
			t.Errorf("the context has service %q, want auth", v)
		}
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		<-ctx.Done()
	})
	want(t, "after", wornLabels(t), "")
}

func TestDoRestoresAfterPanic(t *testing.T) {
	var table Table
	set := table.Endpoint("auth", "/panic")
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic was swallowed")
			}
		}()
		set.Do(context.Background(), func(context.Context) { panic("boom") })
	}()
	want(t, "after a panic", wornLabels(t), "")
	if c := set.Counts(); c != (Counts{Started: 1, Ended: 1, Panicked: 1}) {
		t.Errorf("counts = %+v, want one that panicked", c)
	}
}

func TestNilSetAndTable(t *testing.T) {
	var table *Table
	set := table.Endpoint("a", "b")
	set.Apply()
	ran := false
	set.Do(context.Background(), func(context.Context) { ran = true })
	if !ran || set.Counts() != (Counts{}) || table.Len() != 0 || table.Limit() != 0 || table.Refused() != 0 {
		t.Error("a nil set or table does more than run the function")
	}
	table.Each(func(*Set) { t.Error("a nil table has a set") })
}

func TestTableIsBounded(t *testing.T) {
	table := NewTable(10)
	for i := range 1000 {
		table.Endpoint("auth", fmt.Sprint("/user/", i)).Begin()
	}
	for i := range 1000 {
		table.Endpoint(fmt.Sprint("tenant", i), "/x").Begin()
		table.Task(fmt.Sprint("runner", i), "x").Begin()
	}
	if table.Len() > 10+maxOverflow || table.Len() < 12 {
		t.Errorf("%d sets, want 10 and up to %d more for what is over", table.Len(), maxOverflow)
	}
	if table.Refused() != 2990 {
		t.Errorf("refused = %d, want 2990", table.Refused())
	}
	var sum int64
	seen := map[string]bool{}
	table.Each(func(s *Set) {
		sum += s.Counts().Started
		name := fmt.Sprint(s.id)
		if seen[name] {
			t.Errorf("two sets are called %s", name)
		}
		seen[name] = true
	})
	if sum != 3000 {
		t.Errorf("counted %d, want 3000: what is over must not be lost", sum)
	}
	if table.Endpoint("auth", "other") != table.Endpoint("auth", "never seen") {
		t.Error("the set for what is over and the one called other are two")
	}
}

func TestTableCutsLongNames(t *testing.T) {
	var table Table
	long := strings.Repeat("é", 100)
	set := table.Endpoint("auth", long)
	if set != table.Endpoint("auth", long) || table.Len() != 1 {
		t.Error("a long name makes a set each time")
	}
	_, endpoint, _ := set.Endpoint()
	if len(endpoint) > MaxValue+2 || !strings.HasPrefix(long, endpoint[:MaxValue-1]) {
		t.Errorf("endpoint of %d bytes, want about %d", len(endpoint), MaxValue)
	}
}

func TestTableAtTheSameTime(t *testing.T) {
	table := NewTable(50)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 2000 {
				s := table.Endpoint("auth", fmt.Sprint(i%100))
				s.Begin()
				s.End(Failed)
			}
		}()
	}
	wg.Wait()
	var c Counts
	table.Each(func(s *Set) {
		n := s.Counts()
		c.Started, c.Ended, c.Failed = c.Started+n.Started, c.Ended+n.Ended, c.Failed+n.Failed
	})
	if c != (Counts{Started: 16_000, Ended: 16_000, Failed: 16_000}) {
		t.Errorf("counts = %+v, want 16,000 of each", c)
	}
}

func TestTableTravelsInTheContext(t *testing.T) {
	var table Table
	if TableOf(context.Background()) != nil || TableOf(WithTable(context.Background(), &table)) != &table {
		t.Error("a context loses its table, or has one by itself")
	}
}

func TestLabelsCostNoAllocation(t *testing.T) {
	var table Table
	set := table.Endpoint("auth", "/login")
	defer pprof.SetGoroutineLabels(context.Background())
	if n := testing.AllocsPerRun(1000, set.Apply); n != 0 {
		t.Errorf("Apply allocates %v times, want 0", n)
	}
	service, endpoint := strings.Clone("auth"), strings.Clone("/login")
	if n := testing.AllocsPerRun(1000, func() { table.Endpoint(service, endpoint).Apply() }); n != 0 {
		t.Errorf("looking up and applying allocates %v times, want 0", n)
	}
}

// TestLabelsInText runs itself once more with labels in tracebacks turned on, because that is decided when a
// process starts.
func TestLabelsInText(t *testing.T) {
	if os.Getenv("LABELS_IN_TEXT") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLabelsInText$", "-test.v")
		cmd.Env = append(os.Environ(), "LABELS_IN_TEXT=1", "GODEBUG=tracebacklabels=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var table Table
	stop, up := make(chan struct{}), make(chan struct{})
	defer close(stop)
	go table.Endpoint("auth", "/login").Do(context.Background(), func(context.Context) {
		close(up)
		<-stop
	})
	<-up
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		t.Fatal(err)
	}
	if line := `# labels: {"endpoint":"/login", "service":"auth"}`; !strings.Contains(text.String(), line) {
		t.Errorf("no %s in debug=1:\n%s", line, text.String())
	}
	text.Reset()
	if err := pprof.Lookup("goroutine").WriteTo(&text, 2); err != nil {
		t.Fatal(err)
	}
	inside, behind := `labels:{"endpoint": "/login", "service": "auth"}]:`, `] {endpoint: /login, service: auth}:`
	switch has := strings.Contains(text.String(), inside) || strings.Contains(text.String(), behind); {
	case oldRuntime():
		if has {
			t.Errorf("%s prints labels in debug=2, which it was not known for", runtime.Version())
		}
	case !has:
		t.Errorf("neither %s nor %s in debug=2 of %s:\n%s", inside, behind, runtime.Version(), text.String())
	}
}

// oldRuntime tells whether the runtime is older than Go 1.26, the first that prints labels in tracebacks.
func oldRuntime() bool {
	return strings.HasPrefix(runtime.Version(), "go1.24") || strings.HasPrefix(runtime.Version(), "go1.25")
}

func BenchmarkApply(b *testing.B) {
	var table Table
	set := table.Endpoint("auth", "/login")
	defer pprof.SetGoroutineLabels(context.Background())
	b.ReportAllocs()
	for b.Loop() {
		set.Apply()
	}
}

func BenchmarkLookup(b *testing.B) {
	table := NewTable(256)
	for i := range 256 {
		table.Endpoint("auth", fmt.Sprint("GET /v1/things/", i))
	}
	endpoint := strings.Clone("GET /v1/things/77")
	b.ReportAllocs()
	for b.Loop() {
		table.Endpoint("auth", endpoint)
	}
}

func BenchmarkDo(b *testing.B) {
	var table Table
	set := table.Endpoint("auth", "/login")
	ctx := context.Background()
	f := func(context.Context) {}
	b.ReportAllocs()
	for b.Loop() {
		set.Do(ctx, f)
	}
}

// BenchmarkPprofDo is what the standard library's way costs, for comparison.
func BenchmarkPprofDo(b *testing.B) {
	ctx := context.Background()
	f := func(context.Context) {}
	b.ReportAllocs()
	for b.Loop() {
		pprof.Do(ctx, pprof.Labels(Service, "auth", Endpoint, "/login"), f)
	}
}
