// Package fixed moves money between accounts and locks them in the order of their numbers.
package fixed

import (
	"sync"
	"time"
)

type account struct {
	number int
	mu     sync.Mutex
	cents  int
}

// Run lets n couples pay each other at the same time.
func Run(n int) {
	for couple := 0; couple < n; couple++ {
		ada, bob := &account{number: 2 * couple, cents: 1000}, &account{number: 2*couple + 1, cents: 1000}
		go transfer(ada, bob, 100)
		go transfer(bob, ada, 200)
	}
}

func transfer(from, to *account, cents int) {
	first, second := from, to
	if second.number < first.number {
		first, second = second, first
	}
	first.mu.Lock()
	defer first.mu.Unlock()
	checkLimits(from)
	second.mu.Lock()
	defer second.mu.Unlock()
	from.cents -= cents
	to.cents += cents
}

func checkLimits(*account) {
	time.Sleep(500 * time.Millisecond)
}
