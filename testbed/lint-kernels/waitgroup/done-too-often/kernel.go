// Package kernel sends a batch; a failed send is counted as done twice.
package kernel

import "sync"

type batch struct {
	pending sync.WaitGroup
	failed  []string
}

func (b *batch) send(to string, deliver func(string) error) {
	defer b.pending.Done() // via
	if err := deliver(to); err != nil {
		b.failed = append(b.failed, to)
		b.pending.Done() // want LO004|LK006
	}
} // crash

func (b *batch) one(to string, deliver func(string) error) {
	b.pending.Add(1)
	b.send(to, deliver)
	b.pending.Wait()
}
