// Package fixed copies the prices under the lock and tells subscribers of them without it.
package fixed

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
		go m.publish(updates)
		go m.subscribe(updates)
	}
}

func (m *market) publish(updates chan<- int) {
	m.mu.Lock()
	prices := append([]int(nil), m.prices...)
	m.mu.Unlock()
	for _, price := range prices {
		updates <- price
	}
	close(updates)
}

func (m *market) subscribe(updates <-chan int) {
	for range updates {
		m.mu.Lock()
		m.seen++
		m.mu.Unlock()
	}
}
