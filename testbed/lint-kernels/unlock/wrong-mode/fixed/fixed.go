// Package fixed counts the votes of a poll and ends each lock in its own mode.
package fixed

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
	p.mu.RLock()
	best := ""
	for choice, votes := range p.votes {
		if best == "" || votes > p.votes[best] {
			best = choice
		}
	}
	p.mu.RUnlock()
	return best
}
