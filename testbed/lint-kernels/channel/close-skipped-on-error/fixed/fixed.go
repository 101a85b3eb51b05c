// Package fixed reads the lines of a file into a channel, which is closed on every way out.
package fixed

import (
	"errors"
	"fmt"
	"io"
)

type source interface {
	next() (string, error)
}

func read(s source, lines chan<- string) error {
	defer close(lines)
	for {
		line, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line: %w", err)
		}
		lines <- line
	}
}

func count(s source) int {
	lines := make(chan string)
	go read(s, lines)
	n := 0
	for range lines {
		n++
	}
	return n
}

// torn fails after its lines.
type torn struct{ lines []string }

func (t *torn) next() (string, error) {
	if len(t.lines) == 0 {
		return "", io.ErrUnexpectedEOF
	}
	line := t.lines[0]
	t.lines = t.lines[1:]
	return line, nil
}
