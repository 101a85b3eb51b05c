// Package kernel moves money between accounts and locks them in the order they are named in.
package kernel

import (
	"sync"
	"time"
)

type account struct {
	mu    sync.Mutex
	cents int
}

// Run lets n couples pay each other at the same time.
func Run(n int) {
	for couple := 0; couple < n; couple++ {
		ada, bob := &account{cents: 1000}, &account{cents: 1000}
		go transfer(ada, bob, 100) // from DL002
		go transfer(bob, ada, 200) // from DL002
	}
}

func transfer(from, to *account, cents int) {
	from.mu.Lock()
	defer from.mu.Unlock()
	checkLimits(from)
	to.mu.Lock() // want DL002
	defer to.mu.Unlock()
	from.cents -= cents
	to.cents += cents
}

func checkLimits(*account) {
	time.Sleep(500 * time.Millisecond)
}
