// Package fixed serves one session's commands until the session ends.
package fixed

type session struct {
	ended      chan struct{}
	commands   chan string
	keepalives chan struct{}
	log        []string
	beats      int
}

func open() *session {
	s := &session{ended: make(chan struct{}), commands: make(chan string), keepalives: make(chan struct{})}
	go s.serve()
	return s
}

func (s *session) serve() {
	for {
		select {
		case command := <-s.commands:
			s.log = append(s.log, command)
		case <-s.keepalives:
			s.beats++
		case <-s.ended:
			return
		}
	}
}

func (s *session) run(commands ...string) {
	defer close(s.ended)
	for _, command := range commands {
		s.commands <- command
	}
}
