// Package kernel serves one session's commands and keepalives in a loop that nothing ends.
package kernel

type session struct {
	commands   chan string
	keepalives chan struct{}
	log        []string
	beats      int
}

func open() *session {
	s := &session{commands: make(chan string), keepalives: make(chan struct{})}
	go s.serve() // via
	return s
}

func (s *session) serve() {
	for {
		select { // want LK004|LK012; stuck
		case command := <-s.commands:
			s.log = append(s.log, command)
		case <-s.keepalives:
			s.beats++
		}
	}
}

func (s *session) run(commands ...string) {
	for _, command := range commands {
		s.commands <- command
	}
}
