// Package kernel writes to a journal and a snapshot; when the second step fails the state stays locked.
package kernel

import (
	"errors"
	"sync"
)

type journal struct {
	lines []string
	full  bool
}

func (j *journal) write(line string) error {
	if j.full {
		return errors.New("no space left on device")
	}
	j.lines = append(j.lines, line)
	return nil
}

type state struct {
	mu       sync.Mutex
	journal  journal
	snapshot journal
	version  int
}

func (s *state) commit(change string) (version int, err error) {
	s.mu.Lock() // via; stuck
	if err = s.journal.write(change); err != nil {
		s.mu.Unlock()
		return s.version, err
	}
	if err = s.snapshot.write(change); err != nil {
		s.journal.lines = s.journal.lines[:len(s.journal.lines)-1]
		return // want DL006
	}
	s.version++
	version = s.version
	s.mu.Unlock()
	return
}
