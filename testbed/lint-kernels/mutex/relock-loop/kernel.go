// Package kernel applies a batch of stock movements.
package kernel

import (
	"fmt"
	"sync"
)

type movement struct {
	item  string
	units int
}

type warehouse struct {
	mu    sync.Mutex
	units map[string]int
	audit []movement
}

func (w *warehouse) apply(batch []movement) error {
	for _, m := range batch {
		w.mu.Lock()         // want DL001|DL006|LO002; stuck
		defer w.mu.Unlock() // via
		if w.units[m.item]+m.units < 0 {
			return fmt.Errorf("%s: less than nothing", m.item)
		}
		w.units[m.item] += m.units
		w.audit = append(w.audit, m)
	}
	return nil
}
