// Package fixed keeps chat sessions; each is closed however its login ends.
package fixed

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
	defer close(s.closed)
	if user%4 == 3 {
		go s.hold()
	} else {
		go s.pump()
	}
	return s.login(user)
}

func (s *session) login(int) error {
	return errRefused
}

func (s *session) pump() {
	for {
		select {
		case message := <-s.inbox:
			s.last = message
		case <-s.closed:
			return
		}
	}
}

func (s *session) hold() {
	<-s.closed
}
