// Lock-turns lets its workers take turns with two exclusive devices: fourteen printers' feeders hold one for 12 s each, and forty
// plotters hold the other for 2 s each. The lines are always long, and always of others.
// Waits: thirteen and thirty-nine goroutines on a Mutex, most of them for a minute and more.
package main

import (
	"sync"
	"time"

	"github.com/goherd/goherd/testbed/internal/admin"
)

func main() {
	admin.Start()
	var press, plotter device
	for range 14 {
		go press.feed()
	}
	for range 40 {
		go plotter.plot()
	}
	select {}
}

type device struct {
	mu   sync.Mutex
	jobs int
}

func (d *device) feed() {
	for {
		d.use(12 * time.Second)
	}
}

func (d *device) plot() {
	for {
		d.use(2 * time.Second)
	}
}

func (d *device) use(turn time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	time.Sleep(turn)
	d.jobs++
}
