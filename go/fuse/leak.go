// The runtime's own proof of leaked goroutines, where this version of Go has one.

package fuse

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strconv"
	"time"
)

// countLeaks asks the runtime how many goroutines can never wake, or returns nil
// where it cannot say. It asks twice: the first answer misses goroutines of
// which the caller's stack still held a stale pointer (Go 1.27.3). Locks in
// package variables are never reported: they stay reachable.
func countLeaks() *int {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		return nil
	}
	var text bytes.Buffer
	for range 2 {
		text.Reset()
		if err := profile.WriteTo(&text, 1); err != nil {
			return nil
		}
	}
	_, after, ok := bytes.Cut(text.Bytes(), []byte("total "))
	if !ok {
		return nil
	}
	number, _, _ := bytes.Cut(after, []byte("\n"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
	if err != nil {
		return nil
	}
	return &n
}

// lookForLeaks reports when the runtime has proved more leaks than it was told
// of before. Leaks are never undone, so the count only grows.
func (s *Scanner) lookForLeaks(ctx context.Context) {
	leaked := countLeaks()
	if leaked == nil || *leaked <= s.leaks {
		return
	}
	if !s.mayReport(time.Now()) {
		s.suppressed.Add(1)
		return
	}
	s.leaks = *leaked
	r := look(s.opt.MaxDump).report(s.opt.Limit)
	r.Reason, r.Leaked = "leak", leaked
	s.report(ctx, r)
}
