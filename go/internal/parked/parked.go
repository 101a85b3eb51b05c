// Package parked gives tests goroutines that do nothing.
package parked

import (
	"context"
	"runtime/pprof"
	"sync"
	"testing"
)

// Start starts n goroutines, with the labels, that wait on a channel until the
// test ends, and returns when all stand there.
func Start(t testing.TB, n int, labels ...string) {
	t.Helper()
	stop := make(chan struct{})
	var up, down sync.WaitGroup
	up.Add(n)
	down.Add(n)
	for range n {
		go pprof.Do(context.Background(), pprof.Labels(labels...), func(context.Context) {
			defer down.Done()
			up.Done()
			<-stop
		})
	}
	up.Wait()
	t.Cleanup(func() { close(stop); down.Wait() })
}
