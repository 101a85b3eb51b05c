// Package fixed adds up donations, one after the other.
package fixed

import "sync"

type box struct {
	mu    sync.Mutex
	cents int
}

// Run adds n donations.
func Run(n int) {
	var givers sync.WaitGroup
	b := &box{}
	for i := 0; i < n; i++ {
		givers.Add(1)
		go func() {
			defer givers.Done()
			b.add(100)
		}()
	}
	givers.Wait()
}

func (b *box) add(cents int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cents += cents
}
