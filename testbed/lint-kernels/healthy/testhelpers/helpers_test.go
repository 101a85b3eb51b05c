package testhelpers

import (
	"context"
	"net/http"
	"sync"
	"testing"
)

func TestHelpers(t *testing.T) {
	url := server(t, http.NotFoundHandler())
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	messages := make(chan string)
	var collected []string
	var mu sync.Mutex
	collect(t, messages, &collected)
	seen := 0
	background(t, func(ctx context.Context) {
		select {
		case messages <- "hello":
			mu.Lock()
			seen++
			mu.Unlock()
		case <-ctx.Done():
		}
	})
	eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen == 1
	})
}
