// Package fixed reads a page through a cache and gives the read lock back on a hit.
package fixed

import "sync"

type pages struct {
	mu     sync.RWMutex
	byPath map[string]string
	render func(path string) (string, error)
}

func (p *pages) get(path string) (string, error) {
	p.mu.RLock()
	page, ok := p.byPath[path]
	p.mu.RUnlock()
	if ok {
		return page, nil
	}
	page, err := p.render(path)
	if err != nil {
		return "", err
	}
	p.put(path, page)
	return page, nil
}

func (p *pages) put(path, page string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byPath[path] = page
}
