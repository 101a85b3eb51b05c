// The gray probe: spans around goroutines, for requests of env=gray that came
// by a trusted hop.

package herdotel

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// GrayMember is the baggage member that asks for the probe when its value is
// "gray", and the attribute of the spans of the probe.
const GrayMember = "env"

const grayValue = "gray"

type grayKey struct{}

// MarkGray decides once per request whether the context is gray: the baggage
// must say env=gray and the hop it came from must be trusted. Baggage alone is
// not trusted, since any client can send it. From a hop that is not, the member
// is taken out of the baggage, so that it is not sent on to services that trust
// this one.
func MarkGray(ctx context.Context, trusted bool) context.Context {
	b := baggage.FromContext(ctx)
	if b.Member(GrayMember).Value() != grayValue {
		if IsGray(ctx) {
			return context.WithValue(ctx, grayKey{}, false)
		}
		return ctx
	}
	if !trusted {
		ctx = baggage.ContextWithBaggage(ctx, b.DeleteMember(GrayMember))
	}
	return context.WithValue(ctx, grayKey{}, trusted)
}

// IsGray reports whether MarkGray found the context, or one it is derived from,
// gray.
func IsGray(ctx context.Context) bool {
	gray, _ := ctx.Value(grayKey{}).(bool)
	return gray
}

// GrayHTTP marks the contexts of requests. It belongs inside of the middleware
// that reads baggage and outside of all that starts spans. trusted judges the
// hop by what a client cannot choose: the peer's certificate or address. When
// it is nil or panics, no request is gray.
func GrayHTTP(trusted func(*http.Request) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx := MarkGray(r.Context(), trusts(trusted, r)); ctx != r.Context() {
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

func trusts(trusted func(*http.Request) bool, r *http.Request) (yes bool) {
	if trusted == nil || baggage.FromContext(r.Context()).Member(GrayMember).Value() != grayValue {
		return false
	}
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return trusted(r)
}

// GraySampler has every span of a gray context recorded, so that [Tail] can
// decide when it ends, and leaves all others to next (never, when nil). The
// sampled flag of a gray request is therefore always sent on.
func GraySampler(next sdktrace.Sampler) sdktrace.Sampler {
	if next == nil {
		next = sdktrace.NeverSample()
	}
	return graySampler{next}
}

type graySampler struct{ next sdktrace.Sampler }

func (g graySampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if p.ParentContext == nil || !IsGray(p.ParentContext) {
		return g.next.ShouldSample(p)
	}
	return sdktrace.SamplingResult{
		Decision:   sdktrace.RecordAndSample,
		Attributes: []attribute.KeyValue{attribute.String(GrayMember, grayValue)},
		Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState(),
	}
}

func (g graySampler) Description() string { return "Gray{" + g.next.Description() + "}" }

// A Probe starts goroutines, with a span around each where the context is gray.
// In other contexts, and with a nil Probe, it only starts them.
type Probe struct{ tracer trace.Tracer }

// NewProbe returns a Probe whose spans are the tracer's; nil makes none.
func NewProbe(tracer trace.Tracer) *Probe { return &Probe{tracer} }

// Go runs fn in a new goroutine. The span starts before Go returns, so a caller
// whose own span ends first is still seen as its parent. An error makes the span
// one of an error; a panic does too and goes on, as in any goroutine.
func (p *Probe) Go(ctx context.Context, name string, fn func(context.Context) error) {
	if p == nil || p.tracer == nil || !IsGray(ctx) {
		go func() { _ = fn(ctx) }()
		return
	}
	ctx, span := p.tracer.Start(ctx, name)
	go func() { _ = within(ctx, span, fn) }()
}

// Do runs fn in the calling goroutine, within a span as that of Go, and returns
// its error.
func (p *Probe) Do(ctx context.Context, name string, fn func(context.Context) error) error {
	if p == nil || p.tracer == nil || !IsGray(ctx) {
		return fn(ctx)
	}
	ctx, span := p.tracer.Start(ctx, name)
	return within(ctx, span, fn)
}

// within sets the status before the end: one set after is lost.
func within(ctx context.Context, span trace.Span, fn func(context.Context) error) (err error) {
	returned := false
	defer func() {
		if !returned {
			// A panic or runtime.Goexit: neither is recovered, so that the stack
			// of the crash stays that of its cause.
			span.SetStatus(codes.Error, "did not return")
		} else if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, fmt.Sprint(err))
		}
		span.End()
	}()
	err = fn(ctx)
	returned = true
	return err
}
