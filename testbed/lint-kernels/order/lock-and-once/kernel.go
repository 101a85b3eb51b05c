// Package kernel opens a store lazily: under the lock it enters a once whose function takes the lock.
package kernel

import "sync"

type lazy struct {
	mu   sync.Mutex
	once sync.Once
	rows map[string]int
}

func (l *lazy) open() {
	l.once.Do(func() { // stuck
		l.mu.Lock() // via; stuck
		defer l.mu.Unlock()
		l.rows = map[string]int{"a": 1}
	})
}

func (l *lazy) read(key string) int {
	l.mu.Lock() // via
	defer l.mu.Unlock()
	if l.rows == nil {
		l.open() // want DL001|DL002; stuck
	}
	return l.rows[key]
}
