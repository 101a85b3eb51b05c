// Package fixed applies the changes of a feed and unlocks after each.
package fixed

import "sync"

type change struct{ key, value string }

type replica struct {
	mu   sync.Mutex
	rows map[string]string
}

func (r *replica) follow(changes <-chan change) {
	for c := range changes {
		r.apply(c)
	}
}

func (r *replica) apply(c change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[c.key] = c.value
}

func (r *replica) get(key string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rows[key]
}
