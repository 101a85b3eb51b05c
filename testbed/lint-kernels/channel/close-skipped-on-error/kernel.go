// Package kernel reads the lines of a file into a channel, which stays open when reading fails.
package kernel

import (
	"errors"
	"fmt"
	"io"
)

type source interface {
	next() (string, error)
}

func read(s source, lines chan<- string) error {
	for {
		line, err := s.next()
		if errors.Is(err, io.EOF) {
			close(lines)
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line: %w", err) // want LK002
		}
		lines <- line
	}
}

func count(s source) int {
	lines := make(chan string)
	go read(s, lines)
	n := 0
	for range lines { // via; stuck
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
