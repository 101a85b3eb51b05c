// Package fixed samples a gauge until it is stopped.
package fixed

import (
	"sync"
	"time"
)

type sampler struct {
	read    func() float64
	samples []float64
	done    chan struct{}
	once    sync.Once
}

func newSampler(read func() float64) *sampler {
	return &sampler{read: read, done: make(chan struct{})}
}

func (s *sampler) start(every time.Duration) {
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.samples = append(s.samples, s.read())
			case <-s.done:
				return
			}
		}
	}()
}

func (s *sampler) stop() {
	s.once.Do(func() { close(s.done) })
}
