// Package kernel watches settings; a subscription opened with buffer size 0 never gets its channel.
package kernel

type subscription struct {
	changes chan string
	last    string
}

// Run opens n subscriptions: half of them wait for a change, half of them announce one.
func Run(n int) {
	for i := 0; i < n; i++ {
		s := subscribe(0)
		if i%2 == 0 {
			go s.follow() // from LK003
		} else {
			go s.announce("rate_limit") // from LK003
		}
	}
}

func subscribe(buffer int) *subscription {
	s := &subscription{}
	if buffer > 0 {
		s.changes = make(chan string, buffer)
	}
	return s
}

func (s *subscription) follow() {
	for key := range s.changes { // want LK003
		s.last = key
	}
}

func (s *subscription) announce(key string) {
	s.changes <- key // want LK003
}
