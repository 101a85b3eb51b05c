// Command pages writes what a service with client_golang shows at /metrics in both forms, and what expfmt, the library Prometheus's own tools
// read pages with, makes of the text form: a line a sample, name and labels in order, then the value.
//
//	pages FOLDER
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("pages FOLDER")
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsAll)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	register(registry)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	defer server.Close()
	text := get(server.URL, "text/plain;version=0.0.4")
	write("page.txt", text)
	write("page.openmetrics.txt", get(server.URL, "application/openmetrics-text;version=1.0.0"))
	write("page.samples.tsv", samples(text))
}

// register adds metrics whose labels and values are hard to read.
func register(registry *prometheus.Registry) {
	factory := promauto.With(registry)
	requests := factory.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests.\nBy \\ path."}, []string{"path", "code"})
	for _, path := range []string{"/", `/a"b`, `/c\d`, "/e\nf", "/ä {x}", "/}", "/#", "/,=", ""} {
		requests.WithLabelValues(path, "200").Add(3)
	}
	seconds := factory.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Seconds.", Buckets: []float64{.001, .1, 10}}, []string{"path"})
	seconds.WithLabelValues("/").(prometheus.ExemplarObserver).ObserveWithExemplar(0.05, prometheus.Labels{"trace_id": "a b } c"})
	factory.NewSummary(prometheus.SummaryOpts{Name: "rpc_seconds", Help: "Without a value.", Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001}})
	for name, value := range map[string]float64{"largest": 1.7976931348623157e308, "smallest": 5e-324, "minus_zero": 1 / -1e309, "third": 1.0 / 3, "big": 1 << 60} {
		factory.NewGauge(prometheus.GaugeOpts{Name: "value_" + name, Help: "A value."}).Set(value)
	}
}

func get(url, accept string) []byte {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		log.Fatal(response.Status, err)
	}
	return page
}

func samples(page []byte) []byte {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(page)))
	if err != nil {
		log.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		decoded, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, []*dto.MetricFamily{family}...)
		if err != nil {
			log.Fatal(err)
		}
		for _, sample := range decoded {
			var labels []string
			for name, value := range sample.Metric {
				if name != model.MetricNameLabel {
					labels = append(labels, fmt.Sprintf("%s=%q", name, string(value)))
				}
			}
			sort.Strings(labels)
			value := strconv.FormatFloat(float64(sample.Value), 'g', -1, 64)
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\n", sample.Metric[model.MetricNameLabel], strings.Join(labels, ","), value, family.GetType()))
		}
	}
	sort.Strings(lines)
	return []byte(strings.Join(lines, ""))
}

func write(name string, content []byte) {
	if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
		log.Fatal(err)
	}
}
