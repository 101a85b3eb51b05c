// How deep the handler was when its context was cancelled.

package canceltrace

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// handlerDepth looks for the handler's goroutine in a dump of all, if that is
// allowed now and cheap enough.
func (w *Watched) handlerDepth() (depth int, ok bool) {
	const (
		goroutinesMax = 1000
		bytesMax      = 2 << 20
	)
	t := w.tracer
	if t.HandlerStackEvery <= 0 || w.op.Kind != HTTPServer || runtime.NumGoroutine() > goroutinesMax {
		return 0, false
	}
	now, last := time.Now().UnixNano(), t.lastStack.Load()
	if last != 0 && now-last < int64(t.HandlerStackEvery) || !t.lastStack.CompareAndSwap(last, now) {
		return 0, false
	}
	buf := make([]byte, bytesMax)
	return depthAbove(buf[:runtime.Stack(buf, true)], fmt.Sprintf("canceltrace.(*Watched).serve(%p", w))
}

// depthAbove counts the frames above the one that begins with mark, in its own
// goroutine.
func depthAbove(dump []byte, mark string) (depth int, ok bool) {
	at := bytes.Index(dump, []byte(mark))
	if at < 0 {
		return 0, false
	}
	stack := dump[:at]
	if start := bytes.LastIndex(stack, []byte("\n\n")); start >= 0 {
		stack = stack[start+2:]
	}
	depth = bytes.Count(stack, []byte("\n\t"))
	// Of very deep stacks the middle is left out: "...150 frames elided...".
	if before, _, cut := bytes.Cut(stack, []byte(" frames elided...")); cut {
		if i := bytes.LastIndex(before, []byte("...")); i >= 0 {
			n, _ := strconv.Atoi(string(before[i+3:]))
			depth += n
		}
	}
	return depth, true
}
