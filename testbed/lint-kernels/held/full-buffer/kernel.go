// Package kernel appends to a write-ahead log; a full buffer is waited for under the lock that the writer takes.
package kernel

import "sync"

type record struct{ lsn int }

type wal struct {
	mu      sync.Mutex
	next    int
	flushed int
	pending chan record
}

func newWAL() *wal {
	w := &wal{pending: make(chan record, 2)}
	go w.write()
	return w
}

func (w *wal) write() {
	for r := range w.pending {
		w.mark(r) // stuck
	}
}

func (w *wal) mark(r record) {
	w.mu.Lock() // via; stuck
	w.flushed = r.lsn
	w.mu.Unlock()
}

func (w *wal) append(records int) {
	w.mu.Lock() // via
	for range records {
		w.next++
		w.pending <- record{lsn: w.next} // want DL003; stuck
	}
	w.mu.Unlock()
}

func (w *wal) close() { close(w.pending) }
