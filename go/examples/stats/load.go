// The load: requests at a fixed rate whatever the answers, as clients send them, each given up after the time allowed.

package main

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/goherd/goherd/go/deadline"
)

type report struct {
	onTimePerSecond float64
	onTime          float64       // of all requests sent
	p50, p99        time.Duration // of all requests, refused and given up ones as they ended
	goroutines      int           // at most, client's and server's
	left            int           // goroutines more than before, 100 ms after the last client has gone
	wasted          int64         // answers computed for clients that had gone
}

func drive(url string, rate int, length time.Duration) report {
	// What is left of the client's time is told to the server, less what the answer needs to come back.
	chain := &deadline.Chain{Margin: allowed / 10}
	client := &http.Client{Transport: chain.Transport(&http.Transport{MaxIdleConnsPerHost: 1024})}
	before := runtime.NumGoroutine()
	var mu sync.Mutex
	var took []time.Duration
	onTime := 0
	var wg sync.WaitGroup
	start := time.Now()
	peak, sent := 0, 0
	for time.Since(start) < length {
		due := int(time.Since(start).Seconds() * float64(rate))
		for ; sent < due; sent++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				begun := time.Now()
				ok := ask(client, url)
				d := time.Since(begun)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, d)
				if ok {
					onTime++
				}
			}()
		}
		peak = max(peak, runtime.NumGoroutine())
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	client.CloseIdleConnections()
	time.Sleep(100 * time.Millisecond)
	left := max(0, runtime.NumGoroutine()-before)
	slices.Sort(took)
	n := max(1, len(took))
	r := report{onTimePerSecond: float64(onTime) / length.Seconds(), onTime: float64(onTime) / float64(n), goroutines: peak, left: left}
	if len(took) > 0 {
		r.p50, r.p99 = took[n/2], took[n*99/100]
	}
	return r
}

func ask(client *http.Client, url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), allowed)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}
