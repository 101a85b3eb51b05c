// Package sa2001 shows what staticcheck's SA2001 (an empty critical section) reports and what it does not.
package sa2001

import "sync"

type queue struct {
	mu    sync.Mutex
	rw    sync.RWMutex
	items []string
}

type set struct {
	sync.Mutex
	items map[string]bool
}

// The unlock was to be deferred.
func (q *queue) add(item string) {
	q.mu.Lock()
	q.mu.Unlock() // want SA2001 "empty critical section"
	q.items = append(q.items, item)
}

func (q *queue) first() string {
	q.rw.RLock()
	q.rw.RUnlock() // want SA2001 "empty critical section"
	return q.items[0]
}

func (q *queue) clear() {
	q.rw.Lock()
	q.rw.Unlock() // want SA2001 "empty critical section"
	q.items = nil
}

// waitForOthers is a barrier: it means what it says.
func (q *queue) waitForOthers() {
	q.mu.Lock()
	//lint:ignore SA2001 whoever holds the lock is to leave before this returns
	q.mu.Unlock()
}

func (q *queue) commentBetween() {
	q.mu.Lock()
	// Everyone who was in has left.
	q.mu.Unlock() // want SA2001 "empty critical section"
}

func (q *queue) deferred(item string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item)
}

func (q *queue) statementBetween(item string) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
}

func (q *queue) twoLocks() {
	q.mu.Lock()
	q.rw.Unlock()
	q.mu.Unlock()
}

func (q *queue) mixedModes() {
	q.rw.RLock()
	q.rw.Unlock()
}

func (s *set) embedded() {
	s.Lock()
	s.Unlock() // want SA2001 "empty critical section"
}

func local() {
	var mu sync.Mutex
	mu.Lock()
	mu.Unlock() // want SA2001 "empty critical section"
}

func throughInterface(l sync.Locker) {
	l.Lock()
	l.Unlock() // want SA2001 "empty critical section"
}

func inBranch(q *queue, empty bool) {
	if empty {
		q.mu.Lock()
		q.mu.Unlock() // want SA2001 "empty critical section"
	}
}

func inLoop(queues []*queue) {
	for _, q := range queues {
		q.mu.Lock()
		q.mu.Unlock() // want SA2001 "empty critical section"
	}
}

func ofTwoValues(a, b *queue) {
	a.mu.Lock()
	b.mu.Unlock()
}

// gate has methods of these names and is no lock of the library.
type gate struct{ open bool }

func (g *gate) Lock()   { g.open = false }
func (g *gate) Unlock() { g.open = true }

func ownType(g *gate) {
	g.Lock()
	g.Unlock() // want SA2001 "empty critical section"
}

type shard struct{ sync.Mutex }

type cache struct {
	shards []shard
	inner  struct {
		mu   sync.Mutex
		hits int
	}
	byName map[string]*queue
}

func (s *set) insert(item string) {
	s.Lock()
	s.Unlock() // want SA2001 "empty critical section"
	s.items[item] = true
}

func (c *cache) hit() {
	c.inner.mu.Lock()
	c.inner.mu.Unlock() // want SA2001 "empty critical section"
	c.inner.hits++
}

func (c *cache) push(name, item string) {
	q := c.byName[name]
	if q == nil {
		return
	}
	q.mu.Lock()
	q.mu.Unlock() // want SA2001 "empty critical section"
	q.items = append(q.items, item)
}

func each(queues []*queue, item string) {
	for _, q := range queues {
		q.mu.Lock()
		q.mu.Unlock() // want SA2001 "empty critical section"
		q.items = append(q.items, item)
	}
}

func later(q *queue, item string) func() {
	return func() {
		q.mu.Lock()
		q.mu.Unlock() // want SA2001 "empty critical section"
		q.items = append(q.items, item)
	}
}

func length(q *queue) (n int) {
	q.rw.RLock()
	q.rw.RUnlock() // want SA2001 "empty critical section"
	n = len(q.items)
	return n
}
