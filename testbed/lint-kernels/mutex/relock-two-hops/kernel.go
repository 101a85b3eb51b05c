// Package kernel books seats and prints a line about each booking with the number of seats left.
package kernel

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
	h.mu.Lock() // via
	defer h.mu.Unlock()
	if h.seats[seat] != "" {
		return fmt.Errorf("seat %d is taken by %s", seat, h.seats[seat])
	}
	h.seats[seat] = name
	h.announce(seat) // want DL001|DL004; stuck
	return nil
}

func (h *hall) announce(seat int) {
	h.lines = append(h.lines, fmt.Sprintf("seat %d sold, %d left", seat, h.left())) // via; stuck
}

func (h *hall) left() int {
	h.mu.RLock() // via; stuck
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
