// Package kernel registers drivers in a table of the package and counts its versions.
package kernel

import "sync"

var registry struct {
	sync.Mutex
	drivers map[string]func() error
	version int
}

func register(name string, open func() error) {
	registry.Lock() // via
	defer registry.Unlock()
	if registry.drivers == nil {
		registry.drivers = map[string]func() error{}
	}
	registry.drivers[name] = open
	bump() // want DL001; stuck
}

func bump() {
	registry.Lock() // via; stuck
	registry.version++
	registry.Unlock()
}
