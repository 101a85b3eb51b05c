// The headers that carry a deadline: strict parsers and their inverses.

package deadline

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header is one header that carries the time left.
type Header struct {
	// Name must have the form of [http.CanonicalHeaderKey]; the functions of
	// this package see to that.
	Name string
	// Parse returns the time left. An error, or a negative time, means that the
	// value is ignored. Nil: the header is never read.
	Parse func(string) (time.Duration, error)
	// Format writes a positive time so that Parse returns no more than it,
	// except that what is less than the smallest unit becomes one unit. Nil:
	// the header is never sent.
	Format func(time.Duration) string
}

// Errors of the parsers, wrapped with the value that was refused.
var (
	ErrSyntax   = errors.New("not a timeout")
	ErrPositive = errors.New("timeout is not positive")
	ErrRange    = errors.New("timeout is out of range")
)

// GRPCTimeout is gRPC's grpc-timeout: at most eight digits and a unit out of
// H, M, S, m, u, n.
func GRPCTimeout() Header {
	return Header{"Grpc-Timeout", ParseGRPC, FormatGRPC}
}

// EnvoyExpected is X-Envoy-Expected-Rq-Timeout-Ms, in milliseconds, which an
// Envoy proxy writes into the requests it sends upstream.
func EnvoyExpected() Header {
	return Units("X-Envoy-Expected-Rq-Timeout-Ms", time.Millisecond)
}

// Units is a header that holds a whole number of units, such as X-Timeout in
// seconds or X-Request-Timeout in milliseconds. There is no standard for
// these names, so the unit has to be said; a unit below 1 ns counts as a
// millisecond.
func Units(name string, unit time.Duration) Header {
	if unit <= 0 {
		unit = time.Millisecond
	}
	return Header{
		Name:   http.CanonicalHeaderKey(name),
		Parse:  func(s string) (time.Duration, error) { return ParseUnits(s, unit) },
		Format: func(d time.Duration) string { return strconv.FormatInt(max(1, int64(d/unit)), 10) },
	}
}

// Text is a header that holds a duration as Go writes it: 1.5s, 300ms.
func Text(name string) Header {
	return Header{
		Name:   http.CanonicalHeaderKey(name),
		Parse:  ParseText,
		Format: func(d time.Duration) string { return max(1, d).String() },
	}
}

// ParseGRPC reads a grpc-timeout. Zero is a time: the specification asks for a
// positive number, but gRPC clients send 0n when their deadline has passed.
// What is longer than a time.Duration can hold (292 years) is cut to that.
func ParseGRPC(s string) (time.Duration, error) {
	if len(s) < 2 || len(s) > 9 {
		return 0, refuse(s, ErrSyntax)
	}
	var unit time.Duration
	switch s[len(s)-1] {
	case 'H':
		unit = time.Hour
	case 'M':
		unit = time.Minute
	case 'S':
		unit = time.Second
	case 'm':
		unit = time.Millisecond
	case 'u':
		unit = time.Microsecond
	case 'n':
		unit = time.Nanosecond
	default:
		return 0, refuse(s, ErrSyntax)
	}
	n, ok := digits(s[:len(s)-1])
	if !ok {
		return 0, refuse(s, ErrSyntax)
	}
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64, nil
	}
	return time.Duration(n) * unit, nil
}

// FormatGRPC writes a grpc-timeout in the finest unit that holds it in eight
// digits, rounded down. What is not positive becomes 1n.
func FormatGRPC(d time.Duration) string {
	const limit = 99_999_999
	d = max(1, d)
	for _, u := range [...]struct {
		unit   time.Duration
		letter string
	}{
		{time.Nanosecond, "n"}, {time.Microsecond, "u"}, {time.Millisecond, "m"},
		{time.Second, "S"}, {time.Minute, "M"},
	} {
		if n := d / u.unit; n <= limit {
			return strconv.FormatInt(int64(n), 10) + u.letter
		}
	}
	return strconv.FormatInt(int64(d/time.Hour), 10) + "H"
}

// ParseUnits reads a whole positive number of units: up to 18 decimal digits,
// no sign, no space, no fraction.
func ParseUnits(s string, unit time.Duration) (time.Duration, error) {
	n, ok := digits(s)
	switch {
	case !ok || unit <= 0:
		return 0, refuse(s, ErrSyntax)
	case n == 0:
		return 0, refuse(s, ErrPositive)
	case n > math.MaxInt64/int64(unit):
		return 0, refuse(s, ErrRange)
	}
	return time.Duration(n) * unit, nil
}

// ParseText reads a positive duration as [time.ParseDuration] does, of at most
// 32 bytes and without a sign. A number without a unit is refused.
func ParseText(s string) (time.Duration, error) {
	if s == "" || len(s) > 32 || strings.ContainsAny(s, "+-") {
		return 0, refuse(s, ErrSyntax)
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, refuse(s, ErrSyntax)
	case d <= 0:
		return 0, refuse(s, ErrPositive)
	}
	return d, nil
}

// digits reads 1 to 18 ASCII digits, which always fit an int64.
func digits(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		b := s[i]
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}

// refuse names the value, cut short: it comes from outside and may be long.
func refuse(s string, err error) error {
	const limit = 32
	if len(s) > limit {
		return fmt.Errorf("%.*q…: %w", limit, s[:limit], err)
	}
	return fmt.Errorf("%q: %w", s, err)
}
