// Package kernel applies the changes of a feed; the unlock that is deferred in the loop comes when the feed ends.
package kernel

import "sync"

type change struct{ key, value string }

type replica struct {
	mu   sync.Mutex
	rows map[string]string
}

func (r *replica) follow(changes <-chan change) {
	for c := range changes { // via
		r.mu.Lock()         // stuck
		defer r.mu.Unlock() // want LO002|DL001|DL006
		r.rows[c.key] = c.value
	}
}

func (r *replica) get(key string) string {
	r.mu.Lock() // via; stuck
	defer r.mu.Unlock()
	return r.rows[key]
}
