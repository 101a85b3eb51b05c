// Package fixed opens a store lazily; the once is entered before the lock is taken.
package fixed

import "sync"

type lazy struct {
	mu   sync.Mutex
	once sync.Once
	rows map[string]int
}

func (l *lazy) open() {
	l.once.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.rows = map[string]int{"a": 1}
	})
}

func (l *lazy) read(key string) int {
	l.open()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows[key]
}
