// Package kernel answers from a directory; below the read lock a missing entry is written.
package kernel

import "sync"

type directory struct {
	mu      sync.RWMutex
	entries map[string]string
	resolve func(name string) string
}

func (d *directory) lookup(name string) string {
	d.mu.RLock() // via
	defer d.mu.RUnlock()
	if address, ok := d.entries[name]; ok {
		return address
	}
	return d.fill(name) // want DL001|DL004; stuck
}

func (d *directory) fill(name string) string {
	address := d.resolve(name)
	d.mu.Lock() // via; stuck
	defer d.mu.Unlock()
	d.entries[name] = address
	return address
}
