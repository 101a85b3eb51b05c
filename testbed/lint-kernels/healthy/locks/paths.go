// Package locks has locks that are released, though not where one would look first.
package locks

import (
	"errors"
	"fmt"
	"sync"
)

var errClosed = errors.New("closed")

type store struct {
	mu     sync.Mutex
	closed bool
	rows   map[string]int
}

// lock and unlock check more than the mutex alone would.
func (s *store) lock() {
	s.mu.Lock()
	if s.rows == nil {
		s.rows = map[string]int{}
	}
}

func (s *store) unlock() {
	s.mu.Unlock()
}

func (s *store) add(key string) int {
	s.lock()
	defer s.unlock()
	s.rows[key]++
	return s.rows[key]
}

// acquire returns with the lock held and the way to release it.
func (s *store) acquire() (release func(), err error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	return s.mu.Unlock, nil
}

func (s *store) set(key string, value int) error {
	release, err := s.acquire()
	if err != nil {
		return err
	}
	defer release()
	s.rows[key] = value
	return nil
}

// guarded locks only where others may come in between.
func (s *store) guarded(shared bool, key string) int {
	if shared {
		s.mu.Lock()
	}
	value := s.rows[key]
	if shared {
		s.mu.Unlock()
	}
	return value
}

func (s *store) guardedByDefer(shared bool, key string) int {
	if shared {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	return s.rows[key]
}

func (s *store) tried(key string) (int, bool) {
	if !s.mu.TryLock() {
		return 0, false
	}
	defer s.mu.Unlock()
	return s.rows[key], true
}

func (s *store) triedOrWaited(key string, slow func()) int {
	if !s.mu.TryLock() {
		slow()
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	return s.rows[key]
}

// waitForOthers returns when everyone who held the lock has let go.
func (s *store) waitForOthers() {
	s.mu.Lock()
	s.mu.Unlock()
}

func (s *store) releasedInClosure(key string) (value int, err error) {
	s.mu.Lock()
	defer func() {
		if err != nil {
			s.closed = true
		}
		s.mu.Unlock()
	}()
	if s.closed {
		return 0, errClosed
	}
	return s.rows[key], nil
}

// every arm unlocks.
func (s *store) everyArm(op, key string) (int, error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return 0, errClosed
	case op == "get":
		value := s.rows[key]
		s.mu.Unlock()
		return value, nil
	default:
		s.rows[key]++
		s.mu.Unlock()
		return 0, nil
	}
}

func (s *store) everyRound(keys []string) int {
	found := 0
	for _, key := range keys {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			break
		}
		if _, ok := s.rows[key]; !ok {
			s.mu.Unlock()
			continue
		}
		found++
		s.mu.Unlock()
	}
	return found
}

// slowly lets go of the lock for the slow part and takes it again.
func (s *store) slowly(key string, load func(string) int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.rows[key]; ok {
		return value
	}
	s.mu.Unlock()
	value := load(key)
	s.mu.Lock()
	s.rows[key] = value
	return value
}

// unlocked runs a function without the lock that its caller holds.
func (s *store) unlocked(work func()) {
	s.mu.Unlock()
	defer s.mu.Lock()
	work()
}

func (s *store) compute(key string, load func() int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := 0
	s.unlocked(func() { value = load() })
	s.rows[key] = value
	return value
}

// lockedPanic panics with the lock held: the deferred unlock still runs.
func (s *store) lockedPanic(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.rows[key]
	if !ok {
		panic(fmt.Sprintf("no row %s", key))
	}
	return value
}

// inRounds defers in a function literal, so that each round ends with its unlock.
func (s *store) inRounds(keys []string) {
	for _, key := range keys {
		func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.rows[key]++
		}()
	}
}

// firstOf defers in a loop that it leaves in the same round.
func (s *store) firstOf(stores []*store, key string) int {
	for _, other := range stores {
		if other == s {
			continue
		}
		other.mu.Lock()
		defer other.mu.Unlock()
		return other.rows[key]
	}
	return 0
}

// with runs a function under the lock of any value.
type cell[T any] struct {
	mu    sync.Mutex
	value T
}

func (c *cell[T]) with(change func(*T)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.value)
}

func countTwice(a, b *cell[int]) {
	a.with(func(n *int) { *n++ })
	b.with(func(n *int) { *n++ })
}
