// Package fixed answers from a directory; a missing entry is loaded after the read lock is released.
package fixed

import "sync"

type directory struct {
	mu      sync.RWMutex
	entries map[string]string
	resolve func(name string) string
}

func (d *directory) lookup(name string) string {
	d.mu.RLock()
	address, ok := d.entries[name]
	d.mu.RUnlock()
	if ok {
		return address
	}
	return d.fill(name)
}

func (d *directory) fill(name string) string {
	address := d.resolve(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries[name] = address
	return address
}
