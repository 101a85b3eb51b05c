// Package kernel keeps chat sessions; one that fails to log in is dropped without being closed.
package kernel

import "errors"

var errRefused = errors.New("password refused")

type session struct {
	inbox  chan string
	closed chan struct{}
	last   string
}

// Run accepts n sessions that all fail to log in; every fourth is a bot that never receives.
func Run(n int) {
	for user := 0; user < n; user++ {
		go accept(user)
	}
}

func accept(user int) error {
	s := &session{inbox: make(chan string), closed: make(chan struct{})}
	if user%4 == 3 {
		go s.hold() // from LK004
	} else {
		go s.pump() // from LK004
	}
	if err := s.login(user); err != nil {
		return err
	}
	close(s.closed)
	return nil
}

func (s *session) login(int) error {
	return errRefused
}

func (s *session) pump() {
	for {
		select { // want LK004
		case message := <-s.inbox:
			s.last = message
		case <-s.closed:
			return
		}
	}
}

func (s *session) hold() {
	select {} // want LK004
}
