// Package fixed books seats; the total is counted before the lock is taken for the booking.
package fixed

import (
	"fmt"
	"sync"
)

type hall struct {
	mu    sync.RWMutex
	seats map[int]string
	lines []string
}

func newHall(seats int) *hall {
	h := &hall{seats: map[int]string{}}
	for seat := range seats {
		h.seats[seat] = ""
	}
	return h
}

func (h *hall) book(seat int, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seats[seat] != "" {
		return fmt.Errorf("seat %d is taken by %s", seat, h.seats[seat])
	}
	h.seats[seat] = name
	h.announce(seat)
	return nil
}

func (h *hall) announce(seat int) {
	h.lines = append(h.lines, fmt.Sprintf("seat %d sold, %d left", seat, h.leftLocked()))
}

func (h *hall) left() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.leftLocked()
}

func (h *hall) leftLocked() int {
	left := 0
	for _, name := range h.seats {
		if name == "" {
			left++
		}
	}
	return left
}
