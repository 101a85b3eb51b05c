// Package kernel opens accounts for writing; the helper that locks does not unlock when it fails.
package kernel

import (
	"errors"
	"sync"
)

var errClosed = errors.New("account is closed")

type account struct {
	mu     sync.Mutex
	closed bool
	cents  int
}

// open locks the account for its caller, who calls done.
func (a *account) open() error {
	a.mu.Lock() // via; stuck
	if a.closed {
		return errClosed // want DL006
	}
	return nil
}

func (a *account) done() {
	a.mu.Unlock()
}

func (a *account) deposit(cents int) error {
	if err := a.open(); err != nil { // via; stuck
		return err
	}
	defer a.done()
	a.cents += cents
	return nil
}
