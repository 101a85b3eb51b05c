// Package kernel samples a gauge; its stop sets a flag that the loop around the ticker never reads.
package kernel

import (
	"sync/atomic"
	"time"
)

type sampler struct {
	read    func() float64
	samples []float64
	stopped atomic.Bool
}

func (s *sampler) start(every time.Duration) {
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C: // want LK007; stuck
				s.samples = append(s.samples, s.read())
			}
		}
	}()
}

func (s *sampler) stop() {
	s.stopped.Store(true) // via
}
