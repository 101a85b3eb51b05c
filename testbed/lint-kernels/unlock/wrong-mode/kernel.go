// Package kernel counts the votes of a poll and ends a read lock as if it had been a write lock.
package kernel

import "sync"

type poll struct {
	mu    sync.RWMutex
	votes map[string]int
}

func (p *poll) vote(choice string) {
	p.mu.Lock()
	p.votes[choice]++
	p.mu.Unlock()
}

func (p *poll) leader() string {
	p.mu.RLock() // via
	best := ""
	for choice, votes := range p.votes {
		if best == "" || votes > p.votes[best] {
			best = choice
		}
	}
	p.mu.Unlock() // want LO004|DL006; crash
	return best
}
