// Package fixed applies commands to a table; no arm of the switch unlocks by itself.
package fixed

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
	t.mu.Lock()
	defer t.mu.Unlock()
	switch c.op {
	case "get":
		return t.rows[c.key], nil
	case "set":
		t.rows[c.key] = c.value
		return c.value, nil
	case "swap":
		old := t.rows[c.key]
		t.rows[c.key] = c.value
		return old, nil
	default:
		return "", fmt.Errorf("unknown command %s", c.op)
	}
}
