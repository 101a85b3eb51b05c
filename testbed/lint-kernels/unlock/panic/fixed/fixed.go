// Package fixed parses the lines of a feed; a panic in the parser finds a deferred unlock.
package fixed

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
	f.mu.Lock()
	defer f.mu.Unlock()
	name, value := parse(line)
	f.last[name] = value
}

func parse(line string) (string, int) {
	name, text, _ := strings.Cut(line, "=")
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return name, value
}
