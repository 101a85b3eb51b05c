//go:build go1.25

package main

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// TestBubble dumps goroutines of a synctest bubble, durably blocked and not.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		go func() { <-ch }()
		go func() { time.Sleep(time.Second) }()
		synctest.Wait()
		if os.Getenv("FORMS_BUBBLE") != "" {
			text := make([]byte, 1<<20)
			os.Stdout.Write(text[:runtime.Stack(text, true)])
		}
		close(ch)
	})
}
