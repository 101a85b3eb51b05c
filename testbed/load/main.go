// Load sends HTTP requests to one loopback URL at a bounded rate for a bounded time and prints what came back as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// outcome counts answers by status; status 0 is a request without an answer.
type outcome struct {
	Sent    int         `json:"sent"`
	Status  map[int]int `json:"status"`
	Dropped int         `json:"dropped"`
	Seconds float64     `json:"seconds"`
}

func run() error {
	target := flag.String("url", "", "loopback URL")
	method := flag.String("method", http.MethodGet, "request method")
	rate := flag.Float64("rate", 50, "requests per second, at most 5000")
	most := flag.Int("in-flight", 64, "requests in flight at once")
	length := flag.Duration("for", 10*time.Second, "how long")
	timeout := flag.Duration("timeout", 10*time.Second, "of one request")
	flag.Parse()
	if err := loopbackOnly(*target); err != nil {
		return err
	}
	if *rate <= 0 || *rate > 5000 || *most < 1 {
		return fmt.Errorf("-rate must lie in (0, 5000] and -in-flight above 0")
	}

	ctx, cancel := context.WithTimeout(context.Background(), *length)
	defer cancel()
	client := &http.Client{Timeout: *timeout, Transport: &http.Transport{MaxIdleConnsPerHost: *most}}
	result := outcome{Status: map[int]int{}}
	var mu sync.Mutex
	start := time.Now()
	result.Dropped = pace.Every(ctx, *rate, *most, func() {
		status := ask(client, *method, *target)
		mu.Lock()
		defer mu.Unlock()
		result.Sent++
		result.Status[status]++
	})
	result.Seconds = time.Since(start).Seconds()
	return json.NewEncoder(os.Stdout).Encode(result)
}

func loopbackOnly(target string) error {
	parsed, err := url.Parse(target)
	if err != nil {
		return err
	}
	host := parsed.Hostname()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-url %q is not on loopback", target)
	}
	return nil
}

func ask(client *http.Client, method, target string) int {
	request, err := http.NewRequest(method, target, nil)
	if err != nil {
		return 0
	}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0
	}
	return response.StatusCode
}
