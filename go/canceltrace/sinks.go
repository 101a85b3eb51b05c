// Where events go: a slog record, a count.

package canceltrace

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
)

// Slog writes one record "context cancelled" per event; nil means the default
// logger. Times are RFC 3339 as slog writes them, elapsed_s is in seconds;
// what is unknown is left out.
func Slog(logger *slog.Logger, level slog.Level) Sink {
	return func(ctx context.Context, e Event) {
		l := logger
		if l == nil {
			l = slog.Default()
		}
		if !l.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 13)
		text := func(key, value string) {
			if value != "" {
				attrs = append(attrs, slog.String(key, value))
			}
		}
		text("cause", string(e.Cause))
		text("basis", string(e.Basis))
		text("kind", string(e.Kind))
		text("handler", e.Handler)
		text("protocol", e.Protocol)
		text("trace_id", e.TraceID)
		text("span_id", e.SpanID)
		text("reason", e.Reason)
		attrs = append(attrs, slog.Time("cancel_at", e.CancelAt), slog.Float64("elapsed_s", e.Elapsed.Seconds()))
		if !e.Deadline.IsZero() {
			attrs = append(attrs, slog.Time("deadline", e.Deadline))
		}
		if e.StackOf != "" {
			attrs = append(attrs, slog.Int("stack_depth", e.StackDepth), slog.String("stack_of", string(e.StackOf)))
		}
		l.LogAttrs(ctx, level, "context cancelled", attrs...)
	}
}

// Counter counts events by kind, handler and cause. Its zero value is ready;
// it must not be copied.
type Counter struct {
	// HandlersMax bounds the distinct handlers; events of further ones are
	// counted under "other". Zero or less means 256.
	HandlersMax int

	mu       sync.Mutex
	counts   map[Count]uint64
	handlers map[string]bool
}

// Count is one row of a Counter.
type Count struct {
	Kind    Kind   `json:"kind"`
	Handler string `json:"handler"`
	Cause   Cause  `json:"cause"`
	Events  uint64 `json:"events"`
}

// Record is the [Sink].
func (c *Counter) Record(_ context.Context, e Event) {
	limit := c.HandlersMax
	if limit <= 0 {
		limit = 256
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts, c.handlers = make(map[Count]uint64), make(map[string]bool)
	}
	if !c.handlers[e.Handler] {
		if len(c.handlers) >= limit {
			e.Handler = "other"
		} else {
			c.handlers[e.Handler] = true
		}
	}
	c.counts[Count{Kind: e.Kind, Handler: e.Handler, Cause: e.Cause}]++
}

// Counts returns the rows, ordered by kind, handler and cause.
func (c *Counter) Counts() []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := make([]Count, 0, len(c.counts))
	for row, n := range c.counts {
		row.Events = n
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Handler, b.Handler), cmp.Compare(a.Cause, b.Cause))
	})
	return rows
}
