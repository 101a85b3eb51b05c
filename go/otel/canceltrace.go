// Package herdotel brings goherd's module to OpenTelemetry.
package herdotel

// CancelTrace's events as span events and as log records.

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/goherd/goherd/go/canceltrace"
)

// CancelEvent is the name of the span event and of the log record.
const CancelEvent = "context.cancelled"

// AnnotateSpan adds a cancel to the span in the context, as an event with the
// attributes of [CancelAttributes]. It is for [canceltrace.Tracer.Annotate],
// which is called before the operation is seen to end: a span that has ended
// takes no more events. The span must be in the context that is watched, so
// OpenTelemetry's middleware belongs outside of CancelTrace's. A span that is
// not recorded costs nothing.
func AnnotateSpan(ctx context.Context, e canceltrace.Event) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.AddEvent(CancelEvent, trace.WithTimestamp(e.CancelAt), trace.WithAttributes(CancelAttributes(e)...))
}

// SpanIDs returns the ids of the span in the context. It is for
// [canceltrace.Tracer.Trace].
func SpanIDs(ctx context.Context) (traceID, spanID string) {
	s := trace.SpanContextFromContext(ctx)
	if !s.IsValid() {
		return "", ""
	}
	return s.TraceID().String(), s.SpanID().String()
}

// LogCancels returns a sink that emits one log record per event, with the
// severity WARN for what cost somebody an answer (timeout, client_gone,
// unknown) and INFO for the others. It carries the span of the context. A nil
// logger drops everything.
func LogCancels(logger log.Logger) canceltrace.Sink {
	return func(ctx context.Context, e canceltrace.Event) {
		if logger == nil {
			return
		}
		severity, text := log.SeverityWarn, "WARN"
		if e.Cause == canceltrace.Explicit || e.Cause == canceltrace.Parent {
			severity, text = log.SeverityInfo, "INFO"
		}
		var r log.Record
		r.SetEventName(CancelEvent)
		r.SetTimestamp(e.CancelAt)
		r.SetObservedTimestamp(time.Now())
		r.SetSeverity(severity)
		r.SetSeverityText(text)
		r.SetBody(attribute.StringValue("context cancelled: " + string(e.Cause)))
		r.AddAttributes(CancelAttributes(e)...)
		logger.Emit(ctx, r)
	}
}

// CancelAttributes are the event's fields under "cancel."; what is unknown is
// left out. elapsed_s is in seconds, deadline in RFC 3339.
func CancelAttributes(e canceltrace.Event) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 10)
	text := func(key, value string) {
		if value != "" {
			attrs = append(attrs, attribute.String("cancel."+key, value))
		}
	}
	text("cause", string(e.Cause))
	text("basis", string(e.Basis))
	text("kind", string(e.Kind))
	text("handler", e.Handler)
	text("protocol", e.Protocol)
	text("reason", e.Reason)
	attrs = append(attrs, attribute.Float64("cancel.elapsed_s", e.Elapsed.Seconds()))
	if !e.Deadline.IsZero() {
		text("deadline", e.Deadline.Format(time.RFC3339Nano))
	}
	if e.StackOf != "" {
		attrs = append(attrs, attribute.Int("cancel.stack_depth", e.StackDepth))
		text("stack_of", string(e.StackOf))
	}
	return attrs
}
