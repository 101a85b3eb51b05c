// Package fixed keeps a ledger whose mutex is embedded; a transfer locks once.
package fixed

import (
	"errors"
	"sync"
)

var errPoor = errors.New("not enough money")

type ledger struct {
	sync.Mutex
	cents map[string]int
}

func newLedger() *ledger {
	return &ledger{cents: map[string]int{"ada": 500, "bob": 0}}
}

func (l *ledger) balance(account string) int {
	l.Lock()
	defer l.Unlock()
	return l.cents[account]
}

func (l *ledger) transfer(from, to string, cents int) error {
	l.Lock()
	defer l.Unlock()
	if l.cents[from] < cents {
		return errPoor
	}
	l.cents[from] -= cents
	l.cents[to] += cents
	return nil
}
