// Telemetry is an HTTP service full of instruments: OpenTelemetry traces and metrics, buffered zap, lumberjack and klog.
// Waits: batch span processors, periodic readers, flush loops, lumberjack's mill, klog's flush daemon; handlers on a select.
package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/natefinch/lumberjack.v2"
	"k8s.io/klog/v2"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		pace.Every(ctx, 40, 64, func() { pace.Get(ctx, server+"/work") })
	})
	admin.Start()
	folder := admin.Scratch()
	traces := tracers()
	counter, err := meters().Meter("telemetry").Int64Counter("requests")
	admin.Must(err)
	log := logger(folder)
	klog.LogToStderr(false)
	klog.SetOutput(&lumberjack.Logger{Filename: filepath.Join(folder, "klog.log"), MaxSize: 1})

	mux := http.NewServeMux()
	mux.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		ctx, span := traces.Tracer("telemetry").Start(r.Context(), "work")
		defer span.End()
		counter.Add(ctx, 1)
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
		span.SetAttributes(attribute.Bool("done", true))
		log.Info("worked", zap.String("path", r.URL.Path))
		klog.InfoS("worked", "path", r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	admin.Must(http.Serve(listener, mux))
}

func tracers() *trace.TracerProvider {
	var options []trace.TracerProviderOption
	for range 3 {
		exporter, err := stdouttrace.New(stdouttrace.WithWriter(io.Discard))
		admin.Must(err)
		options = append(options, trace.WithBatcher(exporter, trace.WithBatchTimeout(10*time.Second)))
	}
	return trace.NewTracerProvider(options...)
}

func meters() *metric.MeterProvider {
	var options []metric.Option
	for range 3 {
		exporter, err := stdoutmetric.New(stdoutmetric.WithWriter(io.Discard))
		admin.Must(err)
		options = append(options, metric.WithReader(metric.NewPeriodicReader(exporter, metric.WithInterval(20*time.Second))))
	}
	return metric.NewMeterProvider(options...)
}

func logger(folder string) *zap.Logger {
	file := &lumberjack.Logger{Filename: filepath.Join(folder, "app.log"), MaxSize: 1, MaxBackups: 2, Compress: true}
	buffered := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(file), FlushInterval: 5 * time.Second}
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), buffered, zap.InfoLevel))
}
