// Package fixed appends to a write-ahead log; the record is handed to the writer outside the lock.
package fixed

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
		w.mark(r)
	}
}

func (w *wal) mark(r record) {
	w.mu.Lock()
	w.flushed = r.lsn
	w.mu.Unlock()
}

func (w *wal) append(records int) {
	w.mu.Lock()
	first := w.next + 1
	w.next += records
	w.mu.Unlock()
	for lsn := first; lsn < first+records; lsn++ {
		w.pending <- record{lsn: lsn}
	}
}

func (w *wal) close() { close(w.pending) }
