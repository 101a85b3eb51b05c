// Package fixed moves parcels between a depot's two lists and always locks the inbound list first.
package fixed

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

type depot struct {
	inbound  list
	outbound list
}

type list struct {
	mu      sync.Mutex
	parcels []string
}

func (d *depot) dispatch() int {
	d.inbound.mu.Lock()
	defer d.inbound.mu.Unlock()
	sorted := sortParcels(d.inbound.parcels)
	d.outbound.mu.Lock()
	defer d.outbound.mu.Unlock()
	d.outbound.parcels = append(d.outbound.parcels, sorted...)
	d.inbound.parcels = nil
	return len(sorted)
}

func (d *depot) sendBack() int {
	d.inbound.mu.Lock()
	defer d.inbound.mu.Unlock()
	d.outbound.mu.Lock()
	defer d.outbound.mu.Unlock()
	sorted := sortParcels(d.outbound.parcels)
	d.inbound.parcels = append(d.inbound.parcels, sorted...)
	d.outbound.parcels = nil
	return len(sorted)
}

// sortParcels stands for the walk to the shelves.
func sortParcels(parcels []string) []string {
	pause()
	return slices.Sorted(slices.Values(parcels))
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
