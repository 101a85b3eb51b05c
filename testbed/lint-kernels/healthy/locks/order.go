package locks

import (
	"hash/crc32"
	"sync"
	"unsafe"
)

type account struct {
	id    int
	mu    sync.Mutex
	cents int
}

// transfer locks the account with the lower number first, whichever way the money goes.
func transfer(from, to *account, cents int) {
	first, second := from, to
	if from.id > to.id {
		first, second = to, from
	}
	first.mu.Lock()
	defer first.mu.Unlock()
	second.mu.Lock()
	defer second.mu.Unlock()
	from.cents -= cents
	to.cents += cents
}

// slot has no number to order it by.
type slot struct {
	mu sync.Mutex
	n  int
}

// byAddress orders two locks by where they are.
func byAddress(a, b *slot, both func(a, b *slot)) {
	if uintptr(unsafe.Pointer(a)) > uintptr(unsafe.Pointer(b)) {
		a, b = b, a
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a != b {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	both(a, b)
}

// inTurn holds one lock at a time.
func inTurn(a, b *account) int {
	a.mu.Lock()
	sum := a.cents
	a.mu.Unlock()
	b.mu.Lock()
	sum += b.cents
	b.mu.Unlock()
	return sum
}

// gated takes two locks in either order, but only ever under a third.
type gated struct {
	gate  sync.Mutex
	left  sync.Mutex
	right sync.Mutex
	moved int
}

func (g *gated) leftToRight() {
	g.gate.Lock()
	defer g.gate.Unlock()
	g.left.Lock()
	defer g.left.Unlock()
	g.right.Lock()
	defer g.right.Unlock()
	g.moved++
}

func (g *gated) rightToLeft() {
	g.gate.Lock()
	defer g.gate.Unlock()
	g.right.Lock()
	defer g.right.Unlock()
	g.left.Lock()
	defer g.left.Unlock()
	g.moved--
}

// folder locks its children under its own lock, always from the root down.
type folder struct {
	mu       sync.Mutex
	files    int
	children []*folder
}

func (f *folder) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := f.files
	for _, child := range f.children {
		total += child.count()
	}
	return total
}

// stripes locks one of many by the hash of the key.
type stripes struct {
	locks [16]sync.Mutex
	rows  [16]map[string]int
}

func (s *stripes) add(key string) {
	at := crc32.ChecksumIEEE([]byte(key)) % 16
	s.locks[at].Lock()
	defer s.locks[at].Unlock()
	if s.rows[at] == nil {
		s.rows[at] = map[string]int{}
	}
	s.rows[at][key]++
}

// total locks all stripes in order.
func (s *stripes) total() int {
	for at := range s.locks {
		s.locks[at].Lock()
	}
	total := 0
	for _, rows := range s.rows {
		total += len(rows)
	}
	for at := range s.locks {
		s.locks[at].Unlock()
	}
	return total
}

// chain locks hand over hand: the next before the last is let go.
type link struct {
	mu    sync.Mutex
	value int
	next  *link
}

func (l *link) last() int {
	l.mu.Lock()
	at := l
	for at.next != nil {
		next := at.next
		next.mu.Lock()
		at.mu.Unlock()
		at = next
	}
	value := at.value
	at.mu.Unlock()
	return value
}
