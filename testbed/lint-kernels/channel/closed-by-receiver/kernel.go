// Package kernel reads measurements until it has enough and closes the channel under the sender's feet.
package kernel

type sensor struct {
	values chan float64
	sent   chan int
}

func newSensor() *sensor {
	return &sensor{values: make(chan float64), sent: make(chan int, 1)}
}

func (s *sensor) measure(values int) {
	for at := range values {
		s.values <- float64(at) // via; crash
	}
	s.sent <- values
}

func (s *sensor) firstAbove(limit float64) float64 {
	for value := range s.values {
		if value > limit {
			close(s.values) // want LK013|LO004
			return value
		}
	}
	return 0
}
