// Package fixed waits for its own goroutines only: the group's last member does not wait for the group.
package fixed

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
	go func() {
		s.conns.Wait()
		close(s.drained)
	}()
	<-s.drained
}
