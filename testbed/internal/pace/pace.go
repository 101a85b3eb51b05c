// Package pace starts work at a bounded rate.
package pace

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Every calls do rate times a second, each call in its own goroutine, until ctx ends; then it waits for the calls.
// At most limit calls run at once: what comes due meanwhile is dropped, so that a slow target is not buried.
func Every(ctx context.Context, rate float64, limit int, do func()) (dropped int) {
	slots := make(chan struct{}, limit)
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return dropped
		case <-ticker.C:
		}
		select {
		case slots <- struct{}{}:
			running.Go(func() {
				do()
				<-slots
			})
		default:
			dropped++
		}
	}
}

// Ramp starts n long-lived calls spread evenly over the given time.
func Ramp(ctx context.Context, n int, over time.Duration, do func(i int)) {
	for i := range n {
		go do(i)
		if !Sleep(ctx, over/time.Duration(n)) {
			return
		}
	}
}

// Sleep waits, and reports false when ctx ended first.
func Sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// clients keeps more idle connections than the default of two for one server.
var clients = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// Get asks and reads the answer to its end; false means there was none.
func Get(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := clients.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode < http.StatusInternalServerError
}
