// What the parsers take and refuse, and that formats come back as no more than
// they were.

package deadline

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	seconds := Units("x-timeout", time.Second)
	for _, c := range []struct {
		header Header
		in     string
		want   time.Duration
		err    error
	}{
		{GRPCTimeout(), "1H", time.Hour, nil},
		{GRPCTimeout(), "5M", 5 * time.Minute, nil},
		{GRPCTimeout(), "10S", 10 * time.Second, nil},
		{GRPCTimeout(), "100m", 100 * time.Millisecond, nil},
		{GRPCTimeout(), "00000007u", 7 * time.Microsecond, nil},
		{GRPCTimeout(), "99999999n", 99999999, nil},
		{GRPCTimeout(), "0n", 0, nil},
		{GRPCTimeout(), "99999999H", math.MaxInt64, nil},
		{GRPCTimeout(), "", 0, ErrSyntax},
		{GRPCTimeout(), "S", 0, ErrSyntax},
		{GRPCTimeout(), "10", 0, ErrSyntax},
		{GRPCTimeout(), "10s", 0, ErrSyntax},
		{GRPCTimeout(), "-1S", 0, ErrSyntax},
		{GRPCTimeout(), "+1S", 0, ErrSyntax},
		{GRPCTimeout(), "1.5S", 0, ErrSyntax},
		{GRPCTimeout(), " 1S", 0, ErrSyntax},
		{GRPCTimeout(), "123456789n", 0, ErrSyntax},
		{GRPCTimeout(), "１S", 0, ErrSyntax},
		{EnvoyExpected(), "250", 250 * time.Millisecond, nil},
		{EnvoyExpected(), "0", 0, ErrPositive},
		{EnvoyExpected(), "000", 0, ErrPositive},
		{EnvoyExpected(), "-5", 0, ErrSyntax},
		{EnvoyExpected(), "250ms", 0, ErrSyntax},
		{EnvoyExpected(), "999999999999999999", 0, ErrRange},
		{EnvoyExpected(), "9999999999999999999", 0, ErrSyntax},
		{seconds, "3", 3 * time.Second, nil},
		{seconds, "", 0, ErrSyntax},
		{seconds, "1e3", 0, ErrSyntax},
		{Units("x", -1), "3", 3 * time.Millisecond, nil},
		{Text("x"), "1.5s", 1500 * time.Millisecond, nil},
		{Text("x"), "1h2m", 62 * time.Minute, nil},
		{Text("x"), "0s", 0, ErrPositive},
		{Text("x"), "0", 0, ErrPositive},
		{Text("x"), "5", 0, ErrSyntax},
		{Text("x"), "-5s", 0, ErrSyntax},
		{Text("x"), "9999999999999h", 0, ErrSyntax},
	} {
		got, err := c.header.Parse(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s %q: %v, %v; want %v, %v", c.header.Name, c.in, got, err, c.want, c.err)
		}
	}
}

func TestFormatNeverGrows(t *testing.T) {
	for _, h := range []Header{GRPCTimeout(), EnvoyExpected(), Units("x", time.Second), Text("x")} {
		for d := time.Duration(1); d > 0 && d < math.MaxInt64/7; d = d*7 + 1 {
			back, err := h.Parse(h.Format(d))
			if err != nil || back <= 0 {
				t.Fatalf("%s: %v written as %q: %v, %v", h.Name, d, h.Format(d), back, err)
			}
			if back > d && h.Format(d) != h.Format(1) {
				t.Fatalf("%s: %v came back as %v", h.Name, d, back)
			}
			if d > 100*time.Second && d < time.Hour && float64(back) < 0.98*float64(d) {
				t.Fatalf("%s: %v lost too much: %v", h.Name, d, back)
			}
		}
	}
}

func FuzzParseGRPC(f *testing.F) {
	for _, s := range []string{"1S", "99999999H", "0n", "", "12345678m", "-1S"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParsed(t, GRPCTimeout(), s, 0) })
}

func FuzzParseUnits(f *testing.F) {
	for _, s := range []string{"1", "0", "999999999999999999", "1.5", "+1"} {
		f.Add(s, int64(time.Millisecond))
	}
	f.Fuzz(func(t *testing.T, s string, unit int64) {
		h := Units("x", time.Duration(unit))
		checkParsed(t, h, s, 1)
		if d, err := ParseUnits(s, time.Duration(unit)); err == nil && d%time.Duration(unit) != 0 {
			t.Fatalf("%q is no whole number of units: %d", s, d)
		}
	})
}

func FuzzParseText(f *testing.F) {
	for _, s := range []string{"1s", "1.5h", "0", "-1s", "5", "1h1m1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParsed(t, Text("x"), s, 1) })
}

// checkParsed holds for every parser: an error goes with no time, what is read
// is not below least, and what is written of it is read again as no more.
func checkParsed(t *testing.T, h Header, s string, least time.Duration) {
	t.Helper()
	d, err := h.Parse(s)
	if err != nil {
		if d != 0 {
			t.Fatalf("%q: %v with error %v", s, d, err)
		}
		return
	}
	if d < least {
		t.Fatalf("%q: %v", s, d)
	}
	if d == 0 {
		return
	}
	back, err := h.Parse(h.Format(d))
	if err != nil || back > d || back <= 0 {
		t.Fatalf("%q: %v was written as %q and read as %v, %v", s, d, h.Format(d), back, err)
	}
}
