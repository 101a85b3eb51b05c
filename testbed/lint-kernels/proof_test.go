// Package lintkernels proves that the kernels of the corpus have the faults their marks claim, and that their cured twins do not.
package lintkernels

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/internal/marks"
)

// kernel is a fault that can be run, and its cure.
type kernel struct {
	name       string
	run, cured func(n int)
}

const (
	// instances of each fault that are started.
	instances = 2
	// appears is how long a fault may take to show, and rounds how often it is started until it does.
	appears, rounds = 2 * time.Second, 10
	// lasts is how long a goroutine that hangs is looked at.
	lasts = 200 * time.Millisecond
	// ends is how long a cured twin may take to end.
	ends = 10 * time.Second
	// childVariable names the kernel that a child process runs, as name:faulty or name:cured.
	childVariable = "GOHERD_LINT_KERNEL"
)

// TestMain is also the child process for kernels that crash and for those whose goroutines run no line of theirs.
func TestMain(m *testing.M) {
	if name, state, ok := strings.Cut(os.Getenv(childVariable), ":"); ok {
		child(name, state == "cured")
		return
	}
	os.Exit(m.Run())
}

// TestMarks checks that every kernel has a cured twin, a line at fault, and either a proof or a reason why there is none.
func TestMarks(t *testing.T) {
	kernels, err := filepath.Glob("*/*/kernel.go")
	if err != nil || len(kernels) < 70 {
		t.Fatalf("%d kernels, error %v", len(kernels), err)
	}
	for _, path := range kernels {
		name := filepath.ToSlash(filepath.Dir(path))
		found := read(t, name)
		if len(of(found, "want")) == 0 {
			t.Errorf("%s: no line is at fault", path)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		reasoned := strings.Contains(string(source), "\n// Not run: ")
		proven := len(of(found, "stuck"))+len(of(found, "crash")) > 0
		listed := slices.ContainsFunc(runnable, func(k kernel) bool { return k.name == name })
		if proven == reasoned || proven != listed {
			t.Errorf("%s: marked as seen to hang %t, in the table %t, with a reason why it is not run %t", path, proven, listed, reasoned)
		}
		if len(read(t, name+"/fixed")) > 0 {
			t.Errorf("%s: the cured twin has marks", path)
		}
	}
	t.Logf("%d kernels, %d of them run", len(kernels), len(runnable))
}

// TestHangs starts every kernel and looks for its goroutines on the lines that are marked stuck. What takes two to meet is started
// again when they have missed each other.
func TestHangs(t *testing.T) {
	places := map[string][]string{}
	for _, k := range runnable {
		found := read(t, k.name)
		if !inProcess(found) {
			continue
		}
		for _, mark := range of(found, "stuck") {
			places[k.name] = append(places[k.name], fmt.Sprintf("/%s/%s:%d", k.name, mark.File, mark.Line))
		}
	}
	free := maps.Clone(places)
	for round := 0; round < rounds && len(free) > 0; round++ {
		var all []string
		for _, k := range runnable {
			if len(free[k.name]) > 0 {
				go k.run(instances)
				all = append(all, places[k.name]...)
			}
		}
		freed := notHanging(all)
		maps.DeleteFunc(free, func(name string, _ []string) bool {
			return !slices.ContainsFunc(places[name], func(place string) bool { return slices.Contains(freed, place) })
		})
	}
	for name, marked := range free {
		t.Run(name, func(t *testing.T) {
			t.Errorf("not all of these hang: %s", strings.Join(marked, ", "))
		})
	}
	t.Logf("%d kernels hang", len(places))
}

// TestCures starts every cured twin and waits until nothing of it is left.
func TestCures(t *testing.T) {
	returned := map[string]<-chan struct{}{}
	for _, k := range runnable {
		if inProcess(read(t, k.name)) {
			returned[k.name] = started(func() { k.cured(instances) })
		}
	}
	for name, end := range returned {
		t.Run(name, func(t *testing.T) {
			returns(t, end)
			if left := leftovers("/" + name + "/fixed/"); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
	t.Logf("%d cured twins end", len(returned))
}

// TestHealthy runs the code in which every finding is a false alarm, and waits until nothing of it is left.
func TestHealthy(t *testing.T) {
	for name, run := range healthy {
		t.Run(name, func(t *testing.T) {
			returns(t, started(run))
			if left := leftovers("/" + name + "/"); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}

// TestAlone runs, in processes of their own, the kernels that crash and those that hang in another package's function.
func TestAlone(t *testing.T) {
	alone := 0
	for _, k := range runnable {
		found := read(t, k.name)
		if inProcess(found) {
			continue
		}
		alone++
		t.Run(k.name, func(t *testing.T) {
			output, err := process(k.name, "faulty")
			for _, mark := range of(found, "crash") {
				place := cmp.Or(mark.In, fmt.Sprintf("/%s/%s:%d", k.name, mark.File, mark.Line))
				if err == nil || !contains(output, place) {
					t.Errorf("no crash at %s: %v\n%s", place, err, output)
				}
			}
			if len(of(found, "crash")) == 0 && err != nil {
				t.Errorf("faulty: %v\n%s", err, output)
			}
			if output, err := process(k.name, "cured"); err != nil {
				t.Errorf("cured: %v\n%s", err, output)
			}
		})
	}
	t.Logf("%d kernels in processes of their own", alone)
}

// started runs a function beside the test and tells when it has returned.
func started(run func()) <-chan struct{} {
	end := make(chan struct{})
	go func() {
		defer close(end)
		run()
	}()
	return end
}

func returns(t *testing.T, end <-chan struct{}) {
	t.Helper()
	select {
	case <-end:
	case <-time.After(ends):
		t.Error("does not return")
	}
}

func read(t *testing.T, folder string) []marks.Mark {
	t.Helper()
	found, err := marks.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func of(found []marks.Mark, kind string) []marks.Mark {
	return slices.DeleteFunc(slices.Clone(found), func(m marks.Mark) bool { return m.Kind != kind })
}

// inProcess tells kernels whose goroutines can be told apart from those of others, and that let the process live.
func inProcess(found []marks.Mark) bool {
	return !slices.ContainsFunc(found, func(m marks.Mark) bool { return m.Kind == "crash" || m.In != "" })
}

var header = regexp.MustCompile(`^goroutine (\d+) .*\[([^\]]+)\]:`)

// notHanging waits until goroutines wait at all places (or in all functions) given, and lists those at which, a while later, none of
// them still does.
func notHanging(places []string) []string {
	before := map[string][]string{}
	for deadline := time.Now().Add(appears); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		before = waiting(places)
		if len(before) == len(places) {
			break
		}
	}
	time.Sleep(lasts)
	after := waiting(places)
	return slices.DeleteFunc(slices.Clone(places), func(place string) bool {
		return slices.ContainsFunc(after[place], func(id string) bool { return slices.Contains(before[place], id) })
	})
}

// waiting lists, for each place (or function), the goroutines that wait with it in their stack.
func waiting(places []string) map[string][]string {
	ids := map[string][]string{}
	for _, stack := range stacks() {
		head := header.FindStringSubmatch(stack)
		if head == nil || head[2] == "running" || head[2] == "runnable" {
			continue
		}
		calls, _, _ := strings.Cut(stack, "\ncreated by ")
		for _, place := range places {
			if contains(calls, place) {
				ids[place] = append(ids[place], head[1])
			}
		}
	}
	return ids
}

// contains finds a place or function that is not the beginning of a longer one.
func contains(text, place string) bool {
	for _, end := range []string{" ", "\n", "("} {
		if strings.Contains(text+"\n", place+end) {
			return true
		}
	}
	return false
}

// leftovers waits until no stack holds the text and returns the stacks that still do at the end.
func leftovers(text string) string {
	for deadline := time.Now().Add(ends); ; time.Sleep(10 * time.Millisecond) {
		left := slices.DeleteFunc(stacks(), func(stack string) bool { return !strings.Contains(stack, text) })
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

func stacks() []string {
	for size := 1 << 20; ; size *= 2 {
		buffer := make([]byte, size)
		if n := runtime.Stack(buffer, true); n < size {
			return strings.Split(string(buffer[:n]), "\n\n")
		}
	}
}

func process(name, state string) (string, error) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"="+name+":"+state)
	output, err := command.CombinedOutput()
	return string(output), err
}

// child runs one kernel and exits with 0 when what is left is what was to be expected. A kernel that crashes never comes back.
func child(name string, cured bool) {
	at := slices.IndexFunc(runnable, func(k kernel) bool { return k.name == name })
	found, err := marks.Read(name)
	if at < 0 || err != nil {
		fail("no kernel %s: %v", name, err)
	}
	run := runnable[at].run
	if cured {
		run = runnable[at].cured
	}
	run(instances)
	for _, mark := range of(found, "stuck") {
		if !cured && len(notHanging([]string{mark.In})) > 0 {
			fail("nothing hangs in %s", mark.In)
		}
		if cured {
			if left := leftovers(mark.In); left != "" {
				fail("left behind:\n%s", left)
			}
		}
	}
	if len(of(found, "crash")) > 0 && !cured {
		time.Sleep(lasts)
	}
	if left := leftovers("/" + name + "/fixed/"); cured && left != "" {
		fail("left behind:\n%s", left)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
