package kernel

import "time"

// Run starts and stops n samplers.
func Run(n int) {
	for range n {
		s := &sampler{read: func() float64 { return 1 }}
		s.start(time.Hour)
		s.stop()
	}
}
