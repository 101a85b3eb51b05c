// Package fixed renders a report; sections are given the rows instead of asking for them.
package fixed

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

type section interface {
	render(rows []int) string
}

type report struct {
	mu       sync.RWMutex
	rows     []int
	sections []section
}

func (r *report) String() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	text := ""
	for _, s := range r.sections {
		text += s.render(r.rows)
	}
	return text
}

func (r *report) sum() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return sum(r.rows)
}

func (r *report) add(row int) {
	r.mu.Lock()
	r.rows = append(r.rows, row)
	r.mu.Unlock()
}

type totals struct{ label string }

func (t totals) render(rows []int) string {
	pause()
	return fmt.Sprint(t.label, sum(rows))
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
