// The default rule for trace ids: the traceparent header of W3C Trace Context.

package labels

import "net/http"

// Traceparent is the default TraceRule: the trace id of a traceparent header, sampled if its flag says so. A
// header that is not well-formed, or that there is more than once, names no trace. The header is the client's:
// how many requests wear an id at a time is bounded for that reason.
func Traceparent(r *http.Request) (traceID string, sampled bool) {
	values := r.Header["Traceparent"]
	if len(values) != 1 {
		return "", false
	}
	return parseTraceparent(values[0])
}

// parseTraceparent reads version "-" trace id "-" parent id "-" flags, in lower-case hexadecimal. Versions above
// 00 may have more fields behind the flags; version ff is forbidden.
func parseTraceparent(v string) (traceID string, sampled bool) {
	const length = 55
	if len(v) < length || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return "", false
	}
	version, trace, parent, flags := v[:2], v[3:35], v[36:52], v[53:55]
	if !hex(version) || !hex(trace) || !hex(parent) || !hex(flags) || version == "ff" || zero(trace) || zero(parent) {
		return "", false
	}
	if len(v) > length && (version == "00" || v[length] != '-') {
		return "", false
	}
	return trace, digit(flags[1])&1 == 1
}

// maybeSampled tells of a header whether its flag says sampled. It may not be well-formed.
func maybeSampled(v string) bool {
	const flag = 54
	return len(v) > flag && digit(v[flag])&1 == 1
}

func hex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zero(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

func digit(hex byte) byte {
	if hex <= '9' {
		return hex - '0'
	}
	return hex - 'a' + 10
}
