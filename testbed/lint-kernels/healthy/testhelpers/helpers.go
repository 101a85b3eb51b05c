// Package testhelpers has helpers of tests, whose goroutines and servers end with the test.
package testhelpers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// server lives as long as the test.
func server(t *testing.T, handler http.Handler) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// background runs until the test is over, and is waited for.
func background(t *testing.T, run func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// collect drains what is published until the test is over.
func collect(t *testing.T, messages <-chan string, into *[]string) {
	t.Helper()
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case message := <-messages:
				*into = append(*into, message)
			case <-quit:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(quit)
		<-ended
	})
}

// eventually gives up after a second, whatever the condition does.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition does not come true")
		}
	}
}
