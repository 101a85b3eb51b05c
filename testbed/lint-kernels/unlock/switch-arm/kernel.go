// Package kernel applies commands to a table; one arm of the switch forgets to unlock.
package kernel

import (
	"fmt"
	"sync"
)

type command struct {
	op, key, value string
}

type table struct {
	mu   sync.Mutex
	rows map[string]string
}

func (t *table) apply(c command) (string, error) {
	t.mu.Lock() // via; stuck
	switch c.op {
	case "get":
		value := t.rows[c.key]
		t.mu.Unlock()
		return value, nil
	case "set":
		t.rows[c.key] = c.value
		t.mu.Unlock()
		return c.value, nil
	case "swap":
		old := t.rows[c.key]
		t.rows[c.key] = c.value
		return old, nil // want DL006
	default:
		t.mu.Unlock()
		return "", fmt.Errorf("unknown command %s", c.op)
	}
}
