// Package sa2003 shows what staticcheck's SA2003 (a deferred Lock where Unlock was meant) reports and what it does not.
package sa2003

import "sync"

type table struct {
	mu   sync.Mutex
	rw   sync.RWMutex
	rows map[string]int
}

type embedded struct {
	sync.Mutex
	rows int
}

func (t *table) put(key string) {
	t.mu.Lock()
	defer t.mu.Lock()
	t.rows[key]++
}

func (t *table) get(key string) int {
	t.rw.RLock()
	defer t.rw.RLock()
	return t.rows[key]
}

func (t *table) replace(rows map[string]int) {
	t.rw.Lock()
	defer t.rw.Lock()
	t.rows = rows
}

func (t *table) unlocks(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key]++
}

func (t *table) otherLock(key string) {
	t.mu.Lock()
	defer t.rw.Lock()
	t.rows[key]++
}

func (t *table) otherMode(key string) int {
	t.rw.RLock()
	defer t.rw.Lock()
	return t.rows[key]
}

func (t *table) statementBetween(key string) {
	t.mu.Lock()
	t.rows[key]++
	defer t.mu.Lock()
}

func (t *table) withoutLock(key string) {
	defer t.mu.Lock()
	t.rows[key]++
}

// temporarily releases a lock that its caller holds.
func (t *table) temporarily(wait func()) {
	t.mu.Unlock()
	defer t.mu.Lock()
	wait()
}

func (t *table) inLiteral(key string) {
	t.mu.Lock()
	defer func() { t.mu.Lock() }()
	t.rows[key]++
}

func (e *embedded) add() {
	e.Lock()
	defer e.Lock()
	e.rows++
}

func local() int {
	var mu sync.Mutex
	n := 0
	mu.Lock()
	defer mu.Lock() // want SA2003 "deferring Lock right after having locked already; did you mean to defer Unlock?"
	n++
	return n
}

func throughInterface(l sync.Locker) {
	l.Lock()
	defer l.Lock()
}

func ofTwoValues(a, b *table) {
	a.mu.Lock()
	defer b.mu.Lock()
	a.rows["n"]++
}

func inBranch(t *table, shared bool) {
	if shared {
		t.mu.Lock()
		defer t.mu.Lock()
	}
	t.rows["n"]++
}

var global sync.Mutex

func packageLevel(add func()) {
	global.Lock()
	defer global.Lock() // want SA2003 "deferring Lock right after having locked already; did you mean to defer Unlock?"
	add()
}

func pointer(mu *sync.RWMutex, read func()) {
	mu.RLock()
	defer mu.RLock() // want SA2003 "deferring RLock right after having locked already; did you mean to defer RUnlock?"
	read()
}

// Lock of a RWMutex is not on the list, RLock is.
func pointerForWriting(mu *sync.RWMutex, write func()) {
	mu.Lock()
	defer mu.Lock()
	write()
}

// A literal is not looked into.
func pointerInLoop(mu *sync.RWMutex, reads []func()) {
	for _, read := range reads {
		func() {
			mu.RLock()
			defer mu.RLock()
			read()
		}()
	}
}
