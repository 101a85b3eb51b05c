// Package kernel renders a report under a read lock; each section asks the report for its rows.
package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

type section interface {
	render(r *report) string
}

type report struct {
	mu       sync.RWMutex
	rows     []int
	sections []section
}

func (r *report) String() string {
	r.mu.RLock() // via
	defer r.mu.RUnlock()
	text := ""
	for _, s := range r.sections {
		text += s.render(r) // want DL004; stuck
	}
	return text
}

func (r *report) sum() int {
	r.mu.RLock() // via; stuck
	defer r.mu.RUnlock()
	return sum(r.rows)
}

func (r *report) add(row int) {
	r.mu.Lock() // via; stuck
	r.rows = append(r.rows, row)
	r.mu.Unlock()
}

type totals struct{ label string }

func (t totals) render(r *report) string {
	pause()
	return fmt.Sprint(t.label, r.sum()) // via; stuck
}

func sum(rows []int) int {
	total := 0
	for _, row := range rows {
		total += row
	}
	return total
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
