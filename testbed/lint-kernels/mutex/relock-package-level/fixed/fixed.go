// Package fixed registers drivers; the version is set while the registry is locked.
package fixed

import "sync"

var registry struct {
	sync.Mutex
	drivers map[string]func() error
	version int
}

func register(name string, open func() error) {
	registry.Lock()
	defer registry.Unlock()
	if registry.drivers == nil {
		registry.drivers = map[string]func() error{}
	}
	registry.drivers[name] = open
	bump()
}

func bump() {
	registry.version++
}
