// Package kernel keeps a ledger whose mutex is embedded.
package kernel

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
	l.Lock() // via; stuck
	defer l.Unlock()
	return l.cents[account]
}

func (l *ledger) transfer(from, to string, cents int) error {
	l.Lock() // via
	defer l.Unlock()
	if l.balance(from) < cents { // want DL001; stuck
		return errPoor
	}
	l.cents[from] -= cents
	l.cents[to] += cents
	return nil
}
