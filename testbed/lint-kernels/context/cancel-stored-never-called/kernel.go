// Package kernel keeps the cancel function of a session's context and closes everything but the context.
package kernel

import "context"

type session struct {
	cancel context.CancelFunc // via
	input  chan string
	lines  []string
}

func open(parent context.Context) *session {
	s := &session{input: make(chan string)}
	ctx, cancel := context.WithCancel(parent) // want CX002|LK005
	s.cancel = cancel
	go s.read(ctx)
	return s
}

func (s *session) read(ctx context.Context) {
	for {
		select { // via; stuck
		case line := <-s.input:
			s.lines = append(s.lines, line)
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) close() {
	s.lines = nil
}
