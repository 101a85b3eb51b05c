// Package fixed converts a video; the channel has a place for each of the two sends.
package fixed

type event struct {
	percent int
	err     error
}

type converter struct {
	decode func(path string) error
}

func (c converter) convert(path string) error {
	events := make(chan event, 1)
	go c.work(path, events)
	for e := range events {
		if e.err != nil {
			return e.err
		}
	}
	return nil
}

func (c converter) work(path string, events chan<- event) {
	defer close(events)
	for percent := 0; percent <= 100; percent += 50 {
		if err := c.decode(path); err != nil {
			events <- event{err: err}
			return
		}
		events <- event{percent: percent}
	}
}
