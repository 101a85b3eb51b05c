package locks

import (
	"fmt"
	"sync"
)

type ledger struct {
	mu      sync.Mutex
	balance int
	audited bool
	history []int
}

// apply is told whether its caller has the lock.
func (l *ledger) apply(cents int, locked bool) int {
	if !locked {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	l.balance += cents
	return l.balance
}

func (l *ledger) applyAll(amounts []int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cents := range amounts {
		l.apply(cents, true)
	}
	return l.balance
}

// audit defers in one branch and unlocks by hand in the other.
func (l *ledger) audit(deep bool) int {
	l.mu.Lock()
	if deep {
		defer l.mu.Unlock()
		sum := 0
		for _, cents := range l.history {
			sum += cents
		}
		return sum
	}
	balance := l.balance
	l.mu.Unlock()
	return balance
}

// settle jumps to the one place that unlocks.
func (l *ledger) settle(cents int) bool {
	settled := false
	l.mu.Lock()
	if cents > l.balance {
		goto unlock
	}
	l.balance -= cents
	settled = true
unlock:
	l.mu.Unlock()
	return settled
}

// note falls through to the arm that unlocks.
func (l *ledger) note(kind string) {
	l.mu.Lock()
	switch kind {
	case "audit":
		l.audited = true
		fallthrough
	default:
		l.history = append(l.history, l.balance)
		l.mu.Unlock()
	}
}

// guarded unlocks where it recovers, and where it has nothing to recover from.
func (l *ledger) guarded(change func(int) int) (err error) {
	l.mu.Lock()
	defer func() {
		reason := recover()
		l.mu.Unlock()
		if reason != nil {
			err = fmt.Errorf("change: %v", reason)
		}
	}()
	l.balance = change(l.balance)
	return nil
}

// optional locks only where there is a lock.
type optional struct {
	mu   *sync.Mutex
	rows int
}

func (o *optional) add() int {
	if o.mu != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
	}
	o.rows++
	return o.rows
}

// gate locks through the lock that its condition was made with.
type gate struct {
	opened *sync.Cond
	open   bool
}

func newGate() *gate {
	return &gate{opened: sync.NewCond(new(sync.Mutex))}
}

func (g *gate) pass() {
	g.opened.L.Lock()
	defer g.opened.L.Unlock()
	for !g.open {
		g.opened.Wait()
	}
}

func (g *gate) release() {
	g.opened.L.Lock()
	g.open = true
	g.opened.L.Unlock()
	g.opened.Broadcast()
}

// both reads under one read lock in each of two goroutines: neither has two.
func (d *directory) both(a, b string) (string, string) {
	var left, right string
	var readers sync.WaitGroup
	readers.Go(func() {
		d.mu.RLock()
		defer d.mu.RUnlock()
		left = d.entries[a]
	})
	readers.Go(func() {
		d.mu.RLock()
		defer d.mu.RUnlock()
		right = d.entries[b]
	})
	readers.Wait()
	return left, right
}

// swap exchanges two values and holds the lock of one at a time.
func swap(a, b *ledger) {
	a.mu.Lock()
	cents := a.balance
	a.mu.Unlock()
	b.mu.Lock()
	cents, b.balance = b.balance, cents
	b.mu.Unlock()
	a.mu.Lock()
	a.balance = cents
	a.mu.Unlock()
}

// deferredFirst reports after the unlock: what is deferred first runs last.
func (l *ledger) deferredFirst(report func(int)) {
	defer func() { report(l.audit(false)) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history = append(l.history, l.balance)
}
