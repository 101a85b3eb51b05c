// Package kernel closes a subscription from the reader and from its owner; whoever comes second panics.
package kernel

type subscription struct {
	events chan string
	done   chan struct{}
}

func subscribe() *subscription {
	return &subscription{events: make(chan string, 4), done: make(chan struct{})}
}

// read is called by the transport for each frame.
func (s *subscription) read(frame string) {
	if frame == "bye" {
		close(s.done) // via
		return
	}
	s.events <- frame
}

func (s *subscription) unsubscribe() {
	close(s.done) // want LO004; crash
}
