// Sse-ramp serves server-sent events: 240 streams open over 75 s, stay, and close one by one from second 100 on.
// Waits: a handler (select) and a background read (IO wait) per stream; the broker's loop; main in an empty select.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
	"github.com/goherd/goherd/testbed/internal/pace"
)

func main() {
	admin.Clients(clients)
	admin.Start()
	listener := admin.Loopback()
	events := &broker{readers: map[chan string]struct{}{}}
	go events.run()
	mux := http.NewServeMux()
	mux.HandleFunc("/events", events.stream)
	go func() { _ = http.Serve(listener, mux) }()
	admin.StartClients("http://" + listener.Addr().String())
	select {}
}

type broker struct {
	mu      sync.Mutex
	readers map[chan string]struct{}
}

func (b *broker) run() {
	for now := range time.Tick(15 * time.Second) {
		b.mu.Lock()
		for reader := range b.readers {
			select {
			case reader <- now.Format(time.TimeOnly):
			default:
			}
		}
		b.mu.Unlock()
	}
}

func (b *broker) stream(w http.ResponseWriter, r *http.Request) {
	events := make(chan string, 4)
	b.mu.Lock()
	b.readers[events] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.readers, events)
		b.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprint(w, ": hello\n\n")
	for {
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case event := <-events:
			if _, err := fmt.Fprintf(w, "data: %s\n\n", event); err != nil {
				return
			}
		}
	}
}

func clients(ctx context.Context, server string) {
	start := time.Now()
	pace.Ramp(ctx, 240, 75*time.Second, func(i int) {
		leave := start.Add(100*time.Second + time.Duration(i)*150*time.Millisecond)
		ctx, cancel := context.WithDeadline(ctx, leave)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/events", nil)
		admin.Must(err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return
		}
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			continue
		}
	})
}
