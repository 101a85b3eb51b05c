// Through the real SDK: the event is on the span and in the log, with the
// span's own ids.

package herdotel_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otellog "go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/goherd/goherd/go/canceltrace"
	herdotel "github.com/goherd/goherd/go/otel"
)

// memory is a log exporter that keeps what it is given.
type memory struct {
	mu      sync.Mutex
	records []sdklog.Record
}

func (m *memory) Export(_ context.Context, records []sdklog.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		m.records = append(m.records, r.Clone())
	}
	return nil
}
func (*memory) Shutdown(context.Context) error   { return nil }
func (*memory) ForceFlush(context.Context) error { return nil }

// watched lets one operation be cancelled and one end. It reports whether End
// waited until the span had its event: on a busy machine it may give up.
func watched(t *testing.T, spans *tracetest.InMemoryExporter, logs *memory) (ids map[string]pair, inTime bool) {
	t.Helper()
	const patience = 10 * time.Millisecond
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	logger := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(logs))).Logger("test")
	tracer := &canceltrace.Tracer{
		Sinks:    []canceltrace.Sink{herdotel.LogCancels(logger), herdotel.LogCancels(nil)},
		Annotate: herdotel.AnnotateSpan,
		Trace:    herdotel.SpanIDs,
	}
	ids = make(map[string]pair)
	for _, name := range []string{"cancelled", "ended"} {
		ctx, span := provider.Tracer("test").Start(context.Background(), name)
		ids[name] = pair{span.SpanContext().TraceID().String(), span.SpanContext().SpanID().String()}
		own, cancel := context.WithCancelCause(ctx)
		w := tracer.Watch(own, canceltrace.Operation{Kind: canceltrace.Work, Handler: name})
		start := time.Now()
		if name == "cancelled" {
			cancel(errors.New("no longer wanted"))
		}
		w.End()
		if name == "cancelled" {
			inTime = time.Since(start) < patience
		}
		span.End()
		cancel(nil)
	}
	if err := tracer.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ids, inTime
}

func TestCancelTrace(t *testing.T) {
	var spans *tracetest.InMemoryExporter
	var logs *memory
	var ids map[string]pair
	for tries, inTime := 0, false; !inTime; tries++ {
		if tries == 100 {
			t.Fatal("End always waits as long as it may")
		}
		spans, logs = tracetest.NewInMemoryExporter(), &memory{}
		ids, inTime = watched(t, spans, logs)
	}
	for _, span := range spans.GetSpans() {
		if want := map[string]int{"cancelled": 1, "ended": 0}[span.Name]; len(span.Events) != want {
			t.Fatalf("span %q has %d events, want %d", span.Name, len(span.Events), want)
		}
		if len(span.Events) == 1 {
			got := attribute.NewSet(span.Events[0].Attributes...)
			if span.Events[0].Name != herdotel.CancelEvent || value(got, "cancel.cause") != "explicit" ||
				value(got, "cancel.reason") != "no longer wanted" || value(got, "cancel.handler") != "cancelled" {
				t.Errorf("event %+v", span.Events[0])
			}
		}
	}
	if len(logs.records) != 1 {
		t.Fatalf("%d log records", len(logs.records))
	}
	r := logs.records[0]
	if got := (pair{r.TraceID().String(), r.SpanID().String()}); got != ids["cancelled"] {
		t.Errorf("the record has %v, the span %v", got, ids["cancelled"])
	}
	if r.EventName() != herdotel.CancelEvent || r.Severity() != otellog.SeverityInfo {
		t.Errorf("record %q, severity %v", r.EventName(), r.Severity())
	}
	attrs := 0
	r.WalkAttributes(func(attribute.KeyValue) bool { attrs++; return true })
	if attrs < 5 {
		t.Errorf("%d attributes", attrs)
	}
}

type pair struct{ trace, span string }

func value(s attribute.Set, key string) string {
	v, _ := s.Value(attribute.Key(key))
	return v.AsString()
}

func TestWithoutSpan(t *testing.T) {
	herdotel.AnnotateSpan(context.Background(), canceltrace.Event{})
	if trace, span := herdotel.SpanIDs(context.Background()); trace != "" || span != "" {
		t.Errorf("%q %q without a span", trace, span)
	}
}
