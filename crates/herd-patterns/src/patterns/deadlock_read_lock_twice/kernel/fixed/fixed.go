// Package fixed takes the read lock once and reads settings under it.
package fixed

import (
	"sync"
	"time"
)

type settings struct {
	mu     sync.RWMutex
	values map[string]string
}

// Run renders n pages, each while its settings are changed.
func Run(n int) {
	for i := 0; i < n; i++ {
		s := &settings{values: map[string]string{"title": "Orders"}}
		reading := make(chan struct{})
		go s.render(reading)
		go s.change(reading, "title", "Invoices")
	}
}

func (s *settings) render(reading chan<- struct{}) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	close(reading)
	loadTemplate()
	return "<h1>" + s.valueLocked("title") + "</h1>"
}

func (s *settings) valueLocked(name string) string {
	return s.values[name]
}

func (s *settings) change(reading <-chan struct{}, name, value string) {
	<-reading
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[name] = value
}

func loadTemplate() {
	time.Sleep(500 * time.Millisecond)
}
