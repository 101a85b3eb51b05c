// Package fixed answers a long poll with the next event, or not at all when the client has gone.
package fixed

import (
	"fmt"
	"net/http"
	"sync"
)

type events struct {
	mu      sync.Mutex
	waiting []chan string
}

func (e *events) next() <-chan string {
	e.mu.Lock()
	defer e.mu.Unlock()
	event := make(chan string, 1)
	e.waiting = append(e.waiting, event)
	return event
}

func (e *events) publish(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.waiting {
		event <- text
	}
	e.waiting = nil
}

func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Poll", r.URL.Path)
	select {
	case event := <-e.next():
		fmt.Fprintln(w, event)
	case <-r.Context().Done():
	}
}
