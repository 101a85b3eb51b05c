// Package fixed publishes to subscribers over a copy of the list, outside the lock.
package fixed

import (
	"maps"
	"slices"
	"sync"
)

type topic struct {
	mu          sync.Mutex
	subscribers map[chan string]bool
}

func newTopic() *topic {
	return &topic{subscribers: map[chan string]bool{}}
}

func (t *topic) subscribe() chan string {
	messages := make(chan string, 16)
	t.mu.Lock()
	t.subscribers[messages] = true
	t.mu.Unlock()
	return messages
}

func (t *topic) publish(message string) {
	t.mu.Lock()
	subscribers := slices.Collect(maps.Keys(t.subscribers))
	t.mu.Unlock()
	for _, messages := range subscribers {
		select {
		case messages <- message:
		default: // a subscriber that is 16 messages behind misses one
		}
	}
}

func (t *topic) unsubscribe(messages chan string) {
	t.mu.Lock()
	delete(t.subscribers, messages)
	t.mu.Unlock()
}

func (t *topic) waitFor(messages chan string, text string) {
	defer t.unsubscribe(messages)
	for message := range messages {
		if message == text {
			return
		}
	}
}
