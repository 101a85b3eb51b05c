// Package kernel parses the lines of a feed under a lock; a line that makes the parser panic leaves it locked.
package kernel

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

type feed struct {
	mu   sync.Mutex
	last map[string]int
}

// serve recovers as net/http does for its handlers.
func (f *feed) serve(line string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("line %q: %v", line, reason)
		}
	}()
	f.record(line)
	return nil
}

func (f *feed) record(line string) {
	f.mu.Lock()                // want DL006; stuck
	name, value := parse(line) // via
	f.last[name] = value
	f.mu.Unlock()
}

func parse(line string) (string, int) {
	name, text, _ := strings.Cut(line, "=")
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // via
	}
	return name, value
}
