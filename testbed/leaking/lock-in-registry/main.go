// Lock-in-registry keeps its sessions behind a mutex in a package variable; one path returns without unlocking, and twelve
// maintenance goroutines that come by one after another wait for ever. Requests do not need the lock, so the service looks well.
// Waits: twelve goroutines on the registry's mutex among 80 keep-alive connections and an idle worker pool.
package main

import (
	"context"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

var registry = struct {
	sync.Mutex
	sessions map[int]time.Time
}{sessions: map[int]time.Time{}}

func main() {
	admin.Clients(func(ctx context.Context, server string) {
		pace.Every(ctx, 30, 80, func() { pace.Get(ctx, server+"/page") })
	})
	admin.Start()
	jobs := make(chan int)
	for range 16 {
		go func() {
			for range jobs {
				time.Sleep(time.Millisecond)
			}
		}()
	}
	go sweep()
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(_ http.ResponseWriter, r *http.Request) {
		pace.Sleep(r.Context(), 800*time.Millisecond)
		jobs <- 1
	})
	listener := admin.Loopback()
	admin.StartClients("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, mux))
}

// sweep starts a goroutine for each tenant in turn, a tenant every six seconds.
func sweep() {
	for tenant := range 13 {
		time.Sleep(6 * time.Second)
		go expire(tenant) // from DL007
	}
}

func expire(tenant int) {
	registry.Lock() // want DL007
	if _, found := registry.sessions[tenant]; !found {
		return // The lock stays taken.
	}
	delete(registry.sessions, tenant)
	registry.Unlock()
}
