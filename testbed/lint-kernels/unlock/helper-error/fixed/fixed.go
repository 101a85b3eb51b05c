// Package fixed opens accounts for writing; the helper that locks unlocks when it fails.
package fixed

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
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return errClosed
	}
	return nil
}

func (a *account) done() {
	a.mu.Unlock()
}

func (a *account) deposit(cents int) error {
	if err := a.open(); err != nil {
		return err
	}
	defer a.done()
	a.cents += cents
	return nil
}
