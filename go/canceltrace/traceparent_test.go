// The header that carries the caller's ids.

package canceltrace_test

import (
	"strings"
	"testing"

	"github.com/goherd/goherd/go/canceltrace"
)

func TestParseTraceparent(t *testing.T) {
	for in, ok := range map[string]bool{
		parent:                               true,
		parent + "-more":                     false,
		"01" + parent[2:]:                    true,
		"01" + parent[2:] + "-more":          true,
		"01" + parent[2:] + "more":           false,
		"ff" + parent[2:]:                    false,
		"0G" + parent[2:]:                    false,
		strings.ToUpper(parent):              false,
		parent[:54]:                          false,
		"":                                   false,
		parent[:54] + "x":                    false,
		strings.Replace(parent, "-", "_", 1): false,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": false,
	} {
		if _, _, got := canceltrace.ParseTraceparent(in); got != ok {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzParseTraceparent(f *testing.F) {
	f.Add(parent)
	f.Add("01" + parent[2:] + "-x")
	f.Fuzz(func(t *testing.T, s string) {
		trace, span, ok := canceltrace.ParseTraceparent(s)
		if !ok {
			if trace != "" || span != "" {
				t.Fatalf("%q refused with %q %q", s, trace, span)
			}
			return
		}
		if len(trace) != 32 || len(span) != 16 || !strings.HasPrefix(s[3:], trace+"-"+span+"-") ||
			strings.ToLower(s[:55]) != s[:55] {
			t.Fatalf("%q read as %q %q", s, trace, span)
		}
	})
}
