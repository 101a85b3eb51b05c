// Package store holds values under a lock and lets a caller visit them.
package store

import "sync"

// Store is safe for use by many goroutines.
type Store struct {
	mu     sync.Mutex
	values map[string]int
}

// New makes a store with some values.
func New(values map[string]int) *Store {
	return &Store{values: values}
}

// Each calls visit for every value, with the store locked.
func (s *Store) Each(visit func(key string, value int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.values {
		visit(key, value)
	}
}

// Sum adds up the values.
func (s *Store) Sum() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, value := range s.values {
		sum += value
	}
	return sum
}
