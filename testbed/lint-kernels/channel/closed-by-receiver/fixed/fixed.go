// Package fixed reads measurements until it has enough and tells the sensor through a channel of its own.
package fixed

type sensor struct {
	values chan float64
	enough chan struct{}
	sent   chan int
}

func newSensor() *sensor {
	return &sensor{values: make(chan float64), enough: make(chan struct{}), sent: make(chan int, 1)}
}

func (s *sensor) measure(values int) {
	for at := range values {
		select {
		case s.values <- float64(at):
		case <-s.enough:
			s.sent <- at
			return
		}
	}
	s.sent <- values
}

func (s *sensor) firstAbove(limit float64) float64 {
	defer close(s.enough)
	for value := range s.values {
		if value > limit {
			return value
		}
	}
	return 0
}
