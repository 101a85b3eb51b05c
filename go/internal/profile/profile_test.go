// Tests of the profile's reader: against this process, and against bytes that are no profile.

package profile

import (
	"bytes"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/goherd/goherd/go/internal/parked"
)

func TestTakeCountsByLabel(t *testing.T) {
	parked.Start(t, 7, "service", "auth", "endpoint", "/login")
	parked.Start(t, 3, "service", "auth")
	p, err := Take()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for i := range p.Samples {
		s := &p.Samples[i]
		if s.Value("service") == "auth" {
			got[s.Value("endpoint")] += s.Count
		}
	}
	if got["/login"] != 7 || got[""] != 3 || len(got) != 2 {
		t.Errorf("goroutines of service auth by endpoint = %v, want 7 of /login and 3 of none", got)
	}
	if p.Total() < 11 {
		t.Errorf("total = %d, want at least the 10 parked and the test", p.Total())
	}
}

func TestStackAndWaits(t *testing.T) {
	parked.Start(t, 1, "service", "stack")
	for {
		p, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.Samples, func(s Sample) bool { return s.Value("service") == "stack" })
		stack := p.Stack(&p.Samples[i])
		if Waits(stack) == "running" {
			continue // it has announced itself and does not wait yet
		}
		own := Own(stack)
		if Waits(stack) != "chan receive" || !strings.Contains(own[0].Func, "parked.Start.") || own[0].Line == 0 ||
			!strings.HasSuffix(own[0].File, "parked.go") {
			t.Errorf("waits %q, innermost own frame %+v; want a chan receive in parked.Start", Waits(stack), own[0])
		}
		return
	}
}

func TestParseRefusesWhatIsNoProfile(t *testing.T) {
	for _, raw := range []string{"\x1f\x8bnot gzip", "\x12\x05\x01", "\x00", "\x07", "\x12\x02\x08\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if _, err := Parse([]byte(raw)); err == nil {
			t.Errorf("Parse(%q) found nothing wrong", raw)
		}
	}
	if p, err := Parse(nil); err != nil || len(p.Samples) != 0 {
		t.Errorf("Parse(nil) = %v, %v; an empty profile has no samples", p, err)
	}
}

func TestParseCutAnywhere(t *testing.T) {
	parked.Start(t, 2, "service", "cut")
	var raw bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&raw, 0); err != nil {
		t.Fatal(err)
	}
	for n := 2; n < raw.Len(); n++ {
		if _, err := Parse(raw.Bytes()[:n]); err == nil {
			t.Fatalf("a profile cut at %d of %d bytes was read as whole", n, raw.Len())
		}
	}
}

func FuzzParse(f *testing.F) {
	p := pprof.Lookup("goroutine")
	var raw bytes.Buffer
	if err := p.WriteTo(&raw, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(raw.Bytes())
	f.Add([]byte("\x12\x04\x0a\x02\x01\x02"))
	f.Add([]byte("\x12\x02\x08\x01\x32\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(raw)
		if err != nil {
			return
		}
		p.Total()
		for i := range p.Samples {
			Waits(Own(p.Stack(&p.Samples[i])))
		}
	})
}

func BenchmarkTake(b *testing.B) {
	parked.Start(b, 10_000, "service", "auth", "endpoint", "/login")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Take(); err != nil {
			b.Fatal(err)
		}
	}
}
