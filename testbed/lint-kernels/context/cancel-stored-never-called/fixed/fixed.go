// Package fixed keeps the cancel function of a session's context and calls it when the session is closed.
package fixed

import "context"

type session struct {
	cancel context.CancelFunc
	input  chan string
	lines  []string
}

func open(parent context.Context) *session {
	s := &session{input: make(chan string)}
	ctx, cancel := context.WithCancel(parent)
	s.cancel = cancel
	go s.read(ctx)
	return s
}

func (s *session) read(ctx context.Context) {
	for {
		select {
		case line := <-s.input:
			s.lines = append(s.lines, line)
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) close() {
	s.cancel()
}
