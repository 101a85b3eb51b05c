// The main use: a sampler, a tail decision, and goroutines with spans.

package herdotel_test

import (
	"context"
	"errors"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	herdotel "github.com/goherd/goherd/go/otel"
)

func ExampleTail() {
	exporter := tracetest.NewInMemoryExporter() // instead: OTLP, behind NewBatchSpanProcessor
	tail := herdotel.NewTail(sdktrace.NewSimpleSpanProcessor(exporter), herdotel.TailOptions{Share: -1})
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(herdotel.GraySampler(nil)), sdktrace.WithSpanProcessor(tail))
	probe := herdotel.NewProbe(provider.Tracer("shop"))

	ctx := herdotel.MarkGray(incoming(), true) // GrayHTTP does it for requests
	done := make(chan struct{})
	_ = probe.Do(ctx, "order", func(ctx context.Context) error {
		probe.Go(ctx, "stock", func(context.Context) error { return nil })
		probe.Go(ctx, "charge", func(context.Context) error { defer close(done); return errors.New("declined") })
		<-done
		return nil
	})
	waitFor(func() bool { c := tail.Counts(); return c.Errors+c.Parents+c.Dropped == 3 })
	c := tail.Counts()
	fmt.Println("errors", c.Errors, "with parents", c.Parents, "dropped", c.Dropped)
	// Output: errors 1 with parents 1 dropped 1
}
