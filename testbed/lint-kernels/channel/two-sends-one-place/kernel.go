// Package kernel converts a video: the goroutine may send an error and then its progress, the channel has one place.
package kernel

type event struct {
	percent int
	err     error
}

type converter struct {
	decode func(path string) error
}

func (c converter) convert(path string) error {
	events := make(chan event, 1) // via
	go c.work(path, events)
	for e := range events {
		if e.err != nil {
			return e.err // via
		}
	}
	return nil
}

func (c converter) work(path string, events chan<- event) {
	defer close(events)
	for percent := 0; percent <= 100; percent += 50 {
		if err := c.decode(path); err != nil {
			events <- event{err: err} // want LK013|LK014; stuck
		}
		events <- event{percent: percent} // via
	}
}
