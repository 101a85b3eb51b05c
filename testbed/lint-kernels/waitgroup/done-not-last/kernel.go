// Package kernel drains its connections; the goroutine that is to report the end is a member of the group it waits for.
package kernel

import "sync"

type server struct {
	conns   sync.WaitGroup
	drained chan struct{}
}

func (s *server) serve(conns int, handle func(int)) {
	for id := range conns {
		s.conns.Add(1)
		go func() {
			defer s.conns.Done()
			handle(id)
		}()
	}
	s.conns.Add(1) // via
	go func() {
		defer s.conns.Done()
		s.conns.Wait() // want LK006|DL005; stuck
		close(s.drained)
	}()
	<-s.drained // via; stuck
}
