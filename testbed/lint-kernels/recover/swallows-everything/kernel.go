// Package kernel consumes messages; a recover around the whole loop ends the consumer without a word, its producers hang.
package kernel

type consumer struct {
	messages chan string
	handle   func(string)
	consumed int
}

func (c *consumer) run() {
	defer func() {
		_ = recover() // want LO003
	}()
	for message := range c.messages {
		c.handle(message) // via
		c.consumed++
	}
}

func (c *consumer) publish(messages ...string) {
	for _, message := range messages {
		c.messages <- message // via; stuck
	}
	close(c.messages)
}
