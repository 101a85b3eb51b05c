// Package fixed sends digests with a group that counts by itself.
package fixed

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
		p.sending.Go(func() {
			if err := p.deliver(d); err != nil {
				p.failed.Add(1)
			}
		})
	}
	p.sending.Wait()
	return p.failed.Load()
}
