// Package fixed consumes messages; what a handler panics with is told to the caller.
package fixed

import (
	"fmt"
	"log/slog"
)

type consumer struct {
	messages chan string
	handle   func(string)
	consumed int
}

func (c *consumer) run() {
	for message := range c.messages {
		if err := c.one(message); err != nil {
			slog.Debug("message not handled", "error", err)
			continue
		}
		c.consumed++
	}
}

func (c *consumer) one(message string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("message %q: %v", message, reason)
		}
	}()
	c.handle(message)
	return nil
}

func (c *consumer) publish(messages ...string) {
	for _, message := range messages {
		c.messages <- message
	}
	close(c.messages)
}
