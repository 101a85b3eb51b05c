// Package kernel answers with the settings of a tenant; once an hour the answer is loaded anew.
package kernel

import (
	"sync"
	"time"
)

const fresh = time.Hour

type settings struct {
	limits map[string]int
	at     time.Time
}

type tenants struct {
	mu      sync.Mutex
	current map[string]settings
	fetch   func(tenant string) settings
}

func newTenants() *tenants {
	return &tenants{current: map[string]settings{}, fetch: defaults}
}

func defaults(string) settings {
	return settings{limits: map[string]int{"uploads": 10}, at: time.Now()}
}

func (t *tenants) limit(tenant, name string) int {
	t.mu.Lock() // via
	defer t.mu.Unlock()
	found, ok := t.current[tenant]
	if !ok || time.Since(found.at) > fresh {
		t.refresh(tenant) // want DL001; stuck
		found = t.current[tenant]
	}
	return found.limits[name]
}

func (t *tenants) refresh(tenant string) {
	loaded := t.fetch(tenant)
	t.mu.Lock() // via; stuck
	t.current[tenant] = loaded
	t.mu.Unlock()
}
