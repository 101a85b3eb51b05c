// Package channels has sends and receives that find their other half, though not always in sight.
package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var errSlow = errors.New("too slow")

type answer struct {
	text string
	err  error
}

// quote leaves its result in a channel with room for it when nobody waits any more.
func quote(ask func() string, limit time.Duration) (string, error) {
	result := make(chan string, 1)
	go func() { result <- ask() }()
	select {
	case text := <-result:
		return text, nil
	case <-time.After(limit):
		return "", errSlow
	}
}

// first takes one of as many answers as the channel has room for.
func first(mirrors []func() answer) (string, error) {
	answers := make(chan answer, len(mirrors))
	for _, mirror := range mirrors {
		go func() { answers <- mirror() }()
	}
	a := <-answers
	return a.text, a.err
}

// both reads both answers before it looks at either.
func both(left, right func() answer) (string, error) {
	l, r := make(chan answer), make(chan answer)
	go func() { l <- left() }()
	go func() { r <- right() }()
	a, b := <-l, <-r
	if err := errors.Join(a.err, b.err); err != nil {
		return "", err
	}
	return a.text + b.text, nil
}

// drained leaves early and has somebody else read the rest.
func drained(lines <-chan string, valid func(string) bool) error {
	for line := range lines {
		if !valid(line) {
			go func() {
				for range lines {
				}
			}()
			return fmt.Errorf("line %q is not valid", line)
		}
	}
	return nil
}

// guarded sends as long as somebody may receive.
func guarded(ctx context.Context, pages int, load func(int) string) <-chan string {
	loaded := make(chan string)
	go func() {
		defer close(loaded)
		for page := range pages {
			select {
			case loaded <- load(page):
			case <-ctx.Done():
				return
			}
		}
	}()
	return loaded
}

// future gives its channel away: whoever asks may read it later, or never.
func future(compute func() int) <-chan int {
	result := make(chan int, 1)
	go func() {
		defer close(result)
		result <- compute()
	}()
	return result
}

// reply brings its own channel, with room for the answer.
type question struct {
	text  string
	reply chan string
}

func askLoop(questions chan<- question, done <-chan struct{}, text string) (string, bool) {
	q := question{text: text, reply: make(chan string, 1)}
	select {
	case questions <- q:
	case <-done:
		return "", false
	}
	select {
	case answer := <-q.reply:
		return answer, true
	case <-done:
		return "", false
	}
}

func answerLoop(questions <-chan question, done <-chan struct{}) {
	for {
		select {
		case q := <-questions:
			q.reply <- strings.ToUpper(q.text)
		case <-done:
			return
		}
	}
}

// firstError has room for an error of each of its two senders.
func firstError(read, write func() error) error {
	errs := make(chan error, 2)
	go func() { errs <- read() }()
	go func() { errs <- write() }()
	return <-errs
}

// piped ends the reader's goroutine with the error of the writer's.
func piped(from io.Reader, to io.Writer, encode func(io.Writer, io.Reader) error) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(encode(writer, from)) }()
	_, err := io.Copy(to, reader)
	reader.CloseWithError(err)
	return err
}
