// Package store holds what the command keeps and locks.
package store

import (
	"sync"
	"time"
)

// Record is small enough to be made where it is asked for.
type Record struct {
	ID    int
	parts [11]int
}

// NewRecord is inlined: what it moves to the heap is charged to the line that calls it.
func NewRecord(id int) *Record {
	record := Record{ID: id}
	return &record
}

// Cache only grows.
type Cache struct{ entries [][]byte }

// Put adds an entry of so many bytes.
//
//go:noinline
func (c *Cache) Put(size int) {
	entry := make([]byte, size) // escapes 100 x 65536 kept grows
	c.entries = append(c.entries, entry)
}

// Ledger is guarded by two locks.
type Ledger struct {
	posting sync.Mutex
	reading sync.RWMutex
	total   int
}

// Post holds its lock for a while.
//
//go:noinline
func (l *Ledger) Post(n int) {
	l.posting.Lock() // waits
	time.Sleep(300 * time.Microsecond)
	l.total += n
	l.posting.Unlock() // unlocks
}

// Sum holds the other one, now and then alone.
//
//go:noinline
func (l *Ledger) Sum(n int) {
	if n%4 == 0 {
		l.reading.Lock() // waits
		time.Sleep(200 * time.Microsecond)
		l.reading.Unlock() // unlocks
		return
	}
	l.reading.RLock() // waits
	time.Sleep(50 * time.Microsecond)
	l.reading.RUnlock() // unlocks
}
