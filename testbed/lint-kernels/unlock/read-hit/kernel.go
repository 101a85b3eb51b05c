// Package kernel reads a page through a cache; a hit keeps the read lock.
package kernel

import "sync"

type pages struct {
	mu     sync.RWMutex
	byPath map[string]string
	render func(path string) (string, error)
}

func (p *pages) get(path string) (string, error) {
	p.mu.RLock() // via
	if page, ok := p.byPath[path]; ok {
		return page, nil // want DL006
	}
	p.mu.RUnlock()
	page, err := p.render(path)
	if err != nil {
		return "", err
	}
	p.put(path, page)
	return page, nil
}

func (p *pages) put(path, page string) {
	p.mu.Lock() // stuck
	defer p.mu.Unlock()
	p.byPath[path] = page
}
