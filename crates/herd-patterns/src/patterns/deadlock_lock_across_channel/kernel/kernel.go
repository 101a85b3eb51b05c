// Package kernel tells subscribers of prices with the lock held that they need too.
package kernel

import "sync"

type market struct {
	mu     sync.Mutex
	prices []int
	seen   int
}

// Run opens n markets, each with one subscriber.
func Run(n int) {
	for i := 0; i < n; i++ {
		m := &market{prices: []int{100, 101, 102}}
		updates := make(chan int)
		go m.publish(updates)   // from DL003
		go m.subscribe(updates) // from DL003
	}
}

func (m *market) publish(updates chan<- int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, price := range m.prices {
		updates <- price // want DL003
	}
	close(updates)
}

func (m *market) subscribe(updates <-chan int) {
	for range updates {
		m.mu.Lock() // want DL003
		m.seen++
		m.mu.Unlock()
	}
}
