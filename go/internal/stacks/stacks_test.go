// Reading the runtime's text: heads of all forms, real stacks, and anything.

package stacks

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseHead(t *testing.T) {
	labels := map[string]string{"endpoint": "/login", "service": "auth"}
	for head, want := range map[string]Goroutine{
		"goroutine 1 [running]:":                                                                   {ID: 1, State: "running"},
		"goroutine 7 [chan receive, 2 minutes]:":                                                   {ID: 7, State: "chan receive", Minutes: 2},
		"goroutine 7 [chan receive (leaked)]:":                                                     {ID: 7, State: "chan receive", Leaked: true},
		"goroutine 7 [sync.Mutex.Lock, 12 minutes, locked to thread]:":                             {ID: 7, State: "sync.Mutex.Lock", Minutes: 12},
		"goroutine 7 gp=0xc000 m=nil [select (no cases)]:":                                         {ID: 7, State: "select (no cases)"},
		`goroutine 19 [chan receive labels:{"endpoint": "/login", "service": "auth"}]:`:            {ID: 19, State: "chan receive", Labels: labels},
		"goroutine 19 [chan receive] {endpoint: /login, service: auth}:":                           {ID: 19, State: "chan receive", Labels: labels},
		`goroutine 19 [select, 1 minutes] {"a]b": "c}", service: auth}:`:                           {ID: 19, State: "select", Minutes: 1, Labels: map[string]string{"a]b": "c}", "service": "auth"}},
		`goroutine 19 [chan receive, 3 minutes labels:{"endpoint": "/login", "service": "auth"}]:`: {ID: 19, State: "chan receive", Minutes: 3, Labels: labels},
	} {
		got, ok := parseHead(head)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", head, got, want)
		}
	}
	for _, head := range []string{"", "panic: x", "goroutine x [running]:", "goroutine 7", "goroutine 7 running"} {
		if g, ok := parseHead(head); ok {
			t.Errorf("%q was read as %+v", head, g)
		}
	}
}

// Each goroutine of a real dump is read with frames and creator, and any cut of
// it is survived.
func TestParse(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	up := make(chan struct{})
	go func() { close(up); <-stop }()
	<-up
	text, cut := Take(64 << 20)
	if cut {
		t.Fatal("cut at 64 MiB")
	}
	all := Parse(text)
	if n := strings.Count(string(text), "\ngoroutine ") + 1; len(all) != n {
		t.Errorf("%d goroutines of %d", len(all), n)
	}
	for _, g := range all {
		for _, f := range g.Frames {
			if f.Func == "" || !strings.HasSuffix(f.File, ".go") && !strings.HasSuffix(f.File, ".s") || f.Line == 0 {
				t.Errorf("goroutine %d has the frame %+v", g.ID, f)
			}
		}
		if g.ID > 1 && g.CreatedBy.Func == "" {
			t.Errorf("goroutine %d has no creator", g.ID)
		}
	}
	for i := range min(len(text), 8192) {
		Parse(text[:i])
	}
	if short, cut := Take(100); !cut || len(short) != 100 {
		t.Errorf("a dump of 100 bytes has %d and is said to be cut: %v", len(short), cut)
	}
}

// FuzzParse: whatever the text, reading it ends, and every goroutine has a number from the text.
func FuzzParse(f *testing.F) {
	text, _ := Take(1 << 20)
	f.Add(text)
	f.Add([]byte("goroutine 7 [select] {a: b, \"c\": \"d\"}:\nf(0x1, {0x2, 0x3})\n\t/f.go:1 +0x1\ncreated by g in goroutine 1\n\t/g.go:2 +0x2\n"))
	f.Add([]byte("goroutine 7 [a labels:{\"x\": \"y\"}]:\n...3 frames elided...\n"))
	f.Add([]byte("goroutine 7 [a]:\nf()\ng()\ncreated by h\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := Parse(text)
		if n := strings.Count(string(text), "goroutine "); len(all) > n {
			t.Errorf("%d goroutines in a text with %d", len(all), n)
		}
		for _, g := range all {
			if len(g.Frames) > len(text) || g.Minutes < 0 && !strings.Contains(string(text), "-") {
				t.Errorf("%+v", g)
			}
		}
	})
}
