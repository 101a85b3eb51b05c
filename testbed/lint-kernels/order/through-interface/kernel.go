// Package kernel keeps a document and its index; each reaches the other through an interface with its lock held.
package kernel

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
	d.mu.Lock() // via
	defer d.mu.Unlock()
	d.text = text
	pause()
	d.sink.changed(text) // want DL002; stuck
}

func (d *document) read() string {
	d.mu.Lock() // via; stuck
	defer d.mu.Unlock()
	return d.text
}

func (x *index) changed(text string) {
	x.mu.Lock() // via; stuck
	defer x.mu.Unlock()
	x.words = len(strings.Fields(text))
}

func (x *index) rebuild() {
	x.mu.Lock() // via
	defer x.mu.Unlock()
	pause()
	x.words = len(strings.Fields(x.document.read())) // via; stuck
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
