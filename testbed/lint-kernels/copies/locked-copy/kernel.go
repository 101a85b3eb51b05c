// Package kernel hands out a snapshot of a document with the document's lock, which is locked when it is copied.
package kernel

import "sync"

type document struct {
	mu    sync.Mutex
	title string
	lines []string
}

func (d *document) snapshot() *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := *d // want LO001|DL006
	copied.lines = append([]string(nil), d.lines...)
	return &copied
}

func (d *document) rename(title string) {
	d.mu.Lock() // via; stuck
	d.title = title
	d.mu.Unlock()
}
