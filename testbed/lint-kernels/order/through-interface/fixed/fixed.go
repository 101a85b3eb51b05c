// Package fixed keeps a document and its index; the index is told after the document is unlocked.
package fixed

import (
	"runtime"
	"strings"
	"sync"
	"time"
)

type sink interface {
	changed(text string)
}

type document struct {
	mu   sync.Mutex
	text string
	sink sink
}

type index struct {
	mu       sync.Mutex
	words    int
	document *document
}

func connect() (*document, *index) {
	d := new(document)
	x := &index{document: d}
	d.sink = x
	return d, x
}

func (d *document) set(text string) {
	d.mu.Lock()
	d.text = text
	d.mu.Unlock()
	pause()
	d.sink.changed(text)
}

func (d *document) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text
}

func (x *index) changed(text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.words = len(strings.Fields(text))
}

func (x *index) rebuild() {
	x.mu.Lock()
	defer x.mu.Unlock()
	pause()
	x.words = len(strings.Fields(x.document.read()))
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
