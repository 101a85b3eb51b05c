// The deque against a slice (one goroutine, fuzzed), under real thieves (race detector), and through all interleavings.

package pool

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// FuzzDeque drives push, pushAll, pop and steal from one goroutine and compares each answer with a slice.
func FuzzDeque(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 1}, uint8(1))
	f.Add([]byte{15, 1, 2, 31, 27, 1, 2, 1}, uint8(3))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 2, 2, 1, 0, 1}, uint8(2))
	f.Fuzz(func(t *testing.T, ops []byte, size uint8) {
		limit := int64(1) << (size % 8)
		var d deque
		d.start(1, limit)
		var model []*frame
		for i, op := range ops {
			switch op % 4 {
			case 0:
				x := &frame{}
				if got, want := d.push(x), int64(len(model)) < limit; got != want {
					t.Fatalf("op %d: push %v, want %v", i, got, want)
				} else if got {
					model = append(model, x)
				}
			case 1:
				var want *frame
				if n := len(model); n > 0 {
					want, model = model[n-1], model[:n-1]
				}
				if got := d.pop(); got != want {
					t.Fatalf("op %d: pop %p, want %p", i, got, want)
				}
			case 2:
				var want *frame
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
				if got, retry := d.steal(); got != want || retry {
					t.Fatalf("op %d: steal %p retry %v, want %p", i, got, retry, want)
				}
			case 3:
				all := make([]*frame, op/4%8)
				for j := range all {
					all[j] = &frame{}
				}
				got, want := d.pushAll(all), min(len(all), int(limit)-len(model))
				if got != want {
					t.Fatalf("op %d: pushed %d of %d, want %d", i, got, len(all), want)
				}
				model = append(model, all[:got]...)
			}
			if d.size() != int64(len(model)) {
				t.Fatalf("op %d: size %d, want %d", i, d.size(), len(model))
			}
		}
	})
}

// TestDequeUnderThieves: every frame leaves exactly once, and each thief sees ever younger frames.
func TestDequeUnderThieves(t *testing.T) {
	const frames, thieves = 200_000, 3
	var d deque
	d.start(1, 1024)
	all := make([]frame, frames)
	left := make([]atomic.Int32, frames)
	number := make(map[*frame]int, frames)
	for i := range all {
		number[&all[i]] = i
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range thieves {
		wg.Add(1)
		go func() {
			defer wg.Done()
			last := -1
			for !stop.Load() {
				f, _ := d.steal()
				if f == nil {
					continue
				}
				i := number[f]
				left[i].Add(1)
				if i <= last {
					t.Errorf("a thief took frame %d after %d", i, last)
				}
				last = i
			}
		}()
	}
	for i := range all {
		for !d.push(&all[i]) {
			if f := d.pop(); f != nil {
				left[number[f]].Add(1)
			}
		}
		if i%3 == 0 {
			if f := d.pop(); f != nil {
				left[number[f]].Add(1)
			}
		}
	}
	for f := d.pop(); f != nil; f = d.pop() {
		left[number[f]].Add(1)
	}
	stop.Store(true)
	wg.Wait()
	for i := range left {
		if n := left[i].Load(); n != 1 {
			t.Fatalf("frame %d left the deque %d times", i, n)
		}
	}
}

// TestDequeModel compiles deque.go itself with sync/atomic replaced by a package that stops before each atomic step, and runs a
// checker that goes through every interleaving of owner and thieves at small sizes and asks of each whether it is linearisable.
// The same checker must then refuse three ways of breaking the file: it can fail.
func TestDequeModel(t *testing.T) {
	source, err := os.ReadFile("deque.go")
	if err != nil {
		t.Fatal(err)
	}
	broken := []struct{ name, old, new string }{
		{"as it is", "", ""},
		{"owner takes the last task without a race", "if !d.top.CompareAndSwap(t, t+1) {\n\t\tf = nil", "if d.top.Store(t + 1); false {\n\t\tf = nil"},
		{"pop does not look at top again", "\tt := d.top.Load()\n\tif t > b {", "\tif t > b {"},
		{"thief reads after its claim", "f = r.slot[t&r.mask].Load()\n\tif !d.top.CompareAndSwap(t, t+1) {\n\t\treturn nil, true\n\t}",
			"if !d.top.CompareAndSwap(t, t+1) {\n\t\treturn nil, true\n\t}\n\tf = r.slot[t&r.mask].Load()"},
	}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			text := string(source)
			if b.old != "" {
				if !strings.Contains(text, b.old) {
					t.Fatalf("deque.go has no %q", b.old)
				}
				text = strings.Replace(text, b.old, b.new, 1)
				if strings.Contains(b.name, "top again") {
					text = strings.Replace(text, "if b < d.top.Load() {", "t := d.top.Load()\n\tif b < t {", 1)
				}
			}
			out, err := runModel(t, text)
			if b.old == "" && err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if b.old != "" && (err == nil || !strings.Contains(out, "not linearisable")) {
				t.Fatalf("the checker did not notice: %v\n%s", err, out)
			}
			t.Log(strings.TrimSpace(out))
		})
	}
}

func runModel(t *testing.T, deque string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	deque = strings.Replace(deque, "package pool", "package main", 1)
	deque = strings.Replace(deque, `"sync/atomic"`, `atomic "model/atomic"`, 1)
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copied := func(name, from string) {
		text, err := os.ReadFile(filepath.Join("testdata", "model", from))
		if err != nil {
			t.Fatal(err)
		}
		write(name, string(text))
	}
	write("go.mod", "module model\n\ngo 1.24\n")
	write("deque.go", deque)
	copied("main.go", "main.go")
	copied("atomic/atomic.go", "atomic.go")
	cmd := exec.Command("go", "run", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
