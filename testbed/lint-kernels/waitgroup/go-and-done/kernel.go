// Package kernel sends digests with a group that counts by itself, and counts down once more by hand.
package kernel

import (
	"sync"
	"sync/atomic"
)

type digest struct{ to, text string }

type postman struct {
	sending sync.WaitGroup
	deliver func(digest) error
	failed  atomic.Int64
}

func (p *postman) send(digests []digest) int64 {
	for _, d := range digests {
		p.sending.Go(func() { // via
			defer p.sending.Done() // want LO004|LK006; crash in sync.(*WaitGroup).Go.func1
			if err := p.deliver(d); err != nil {
				p.failed.Add(1)
			}
		})
	}
	p.sending.Wait()
	return p.failed.Load()
}
