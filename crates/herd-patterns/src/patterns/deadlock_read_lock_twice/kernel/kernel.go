// Package kernel reads settings with the read lock already taken, while a change of them waits for its turn.
package kernel

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
		go s.render(reading)                      // from DL004
		go s.change(reading, "title", "Invoices") // from DL004
	}
}

func (s *settings) render(reading chan<- struct{}) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	close(reading)
	loadTemplate()
	return "<h1>" + s.value("title") + "</h1>"
}

func (s *settings) value(name string) string {
	s.mu.RLock() // want DL004
	defer s.mu.RUnlock()
	return s.values[name]
}

func (s *settings) change(reading <-chan struct{}, name, value string) {
	<-reading
	s.mu.Lock() // want DL004
	defer s.mu.Unlock()
	s.values[name] = value
}

func loadTemplate() {
	time.Sleep(500 * time.Millisecond)
}
