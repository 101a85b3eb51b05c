// Package audit writes who did what to which order.
package audit

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Entry is one line of the audit log.
type Entry struct {
	At    time.Time `json:"at"`
	Order int64     `json:"order"`
	What  string    `json:"what"`
}

// Logger appends entries to one file.
type Logger struct {
	mu  sync.Mutex
	out *json.Encoder
}

// NewLogger writes to out.
func NewLogger(out io.Writer) *Logger {
	return &Logger{out: json.NewEncoder(out)}
}

// Record appends an entry without making the caller wait; the outcome arrives on the channel.
func (l *Logger) Record(order int64, what string) <-chan error {
	result := make(chan error)
	go l.append(Entry{At: time.Now(), Order: order, What: what}, result) // from LK001
	return result
}

func (l *Logger) append(entry Entry, result chan<- error) {
	l.mu.Lock()
	err := l.out.Encode(entry)
	l.mu.Unlock()
	result <- err // want LK001
}
