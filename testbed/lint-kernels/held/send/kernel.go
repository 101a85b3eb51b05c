// Package kernel publishes to subscribers under the lock that a subscriber needs to unsubscribe.
package kernel

import "sync"

type topic struct {
	mu          sync.Mutex
	subscribers map[chan string]bool
}

func newTopic() *topic {
	return &topic{subscribers: map[chan string]bool{}}
}

func (t *topic) subscribe() chan string {
	messages := make(chan string)
	t.mu.Lock()
	t.subscribers[messages] = true
	t.mu.Unlock()
	return messages
}

func (t *topic) publish(message string) {
	t.mu.Lock() // via
	defer t.mu.Unlock()
	for messages := range t.subscribers {
		messages <- message // want DL003; stuck
	}
}

func (t *topic) unsubscribe(messages chan string) {
	t.mu.Lock() // via; stuck
	delete(t.subscribers, messages)
	t.mu.Unlock()
}

func (t *topic) waitFor(messages chan string, text string) {
	defer t.unsubscribe(messages) // via
	for message := range messages {
		if message == text {
			return
		}
	}
}
