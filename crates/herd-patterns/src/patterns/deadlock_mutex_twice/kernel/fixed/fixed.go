// Package fixed keeps ledgers and catalogues whose inner methods expect the lock to be taken.
package fixed

import "sync"

type ledger struct {
	mu      sync.Mutex
	balance map[string]int
}

type catalogue struct {
	mu     sync.RWMutex
	titles map[int]string
}

// Run works on n objects of its own: ledgers and catalogues by turns.
func Run(n int) {
	for i := 0; i < n; i++ {
		if i%2 == 0 {
			l := &ledger{balance: map[string]int{"ada": 500}}
			go l.withdraw("ada", 100)
		} else {
			c := &catalogue{titles: map[int]string{1: "Go"}}
			go c.rename(1, "Go in use")
		}
	}
}

func (l *ledger) withdraw(account string, cents int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.availableLocked(account) < cents {
		return false
	}
	l.balance[account] -= cents
	return true
}

func (l *ledger) availableLocked(account string) int {
	return l.balance[account]
}

func (c *catalogue) rename(id int, title string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.titleLocked(id) == title {
		return false
	}
	c.titles[id] = title
	return true
}

func (c *catalogue) titleLocked(id int) string {
	return c.titles[id]
}
