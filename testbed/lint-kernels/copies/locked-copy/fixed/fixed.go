// Package fixed hands out a snapshot of a document without the document's lock.
package fixed

import "sync"

type document struct {
	mu    sync.Mutex
	title string
	lines []string
}

func (d *document) snapshot() *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &document{title: d.title, lines: append([]string(nil), d.lines...)}
}

func (d *document) rename(title string) {
	d.mu.Lock()
	d.title = title
	d.mu.Unlock()
}
