// Package kernel adds up donations; the unlock was to be deferred, and nothing is guarded.
package kernel

import "sync"

type box struct {
	mu    sync.Mutex
	cents int
}

// Run adds n donations at once; some get lost.
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
	b.mu.Unlock() // want LO007
	b.cents += cents
}
