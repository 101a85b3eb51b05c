// Package fixed watches settings; every subscription has a channel, and announcing ends it.
package fixed

type subscription struct {
	changes chan string
	last    string
}

// Run opens n subscriptions, announces one change on each and ends it.
func Run(n int) {
	for i := 0; i < n; i++ {
		s := subscribe(0)
		go s.follow()
		go s.announce("rate_limit")
	}
}

func subscribe(buffer int) *subscription {
	return &subscription{changes: make(chan string, buffer)}
}

func (s *subscription) follow() {
	for key := range s.changes {
		s.last = key
	}
}

func (s *subscription) announce(key string) {
	s.changes <- key
	close(s.changes)
}
