// Package fixed closes a subscription once, however often it is asked to.
package fixed

import "sync"

type subscription struct {
	events chan string
	done   chan struct{}
	once   sync.Once
}

func subscribe() *subscription {
	return &subscription{events: make(chan string, 4), done: make(chan struct{})}
}

// read is called by the transport for each frame.
func (s *subscription) read(frame string) {
	if frame == "bye" {
		s.unsubscribe()
		return
	}
	s.events <- frame
}

func (s *subscription) unsubscribe() {
	s.once.Do(func() { close(s.done) })
}
