// Package fixed applies a batch of stock movements and unlocks after each.
package fixed

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
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		if w.units[m.item]+m.units < 0 {
			return fmt.Errorf("%s: less than nothing", m.item)
		}
		w.units[m.item] += m.units
		w.audit = append(w.audit, m)
	}
	return nil
}
