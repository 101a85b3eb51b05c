// Package fixed answers with the settings of a tenant; a stale set is loaded under the lock that is already held.
package fixed

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
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.current[tenant]
	if !ok || time.Since(found.at) > fresh {
		t.refresh(tenant)
		found = t.current[tenant]
	}
	return found.limits[name]
}

func (t *tenants) refresh(tenant string) {
	loaded := t.fetch(tenant)
	t.current[tenant] = loaded
}
