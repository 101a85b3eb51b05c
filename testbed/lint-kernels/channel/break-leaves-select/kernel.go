// Package kernel handles events until it is told to stop; its break leaves the select and not the loop.
package kernel

type events struct {
	incoming chan string
	stop     chan bool
	handled  int
}

func newEvents() *events {
	return &events{incoming: make(chan string), stop: make(chan bool)}
}

func (e *events) loop() {
	for {
		select { // via; stuck
		case <-e.incoming:
			e.handled++
		case <-e.stop:
			break // want LK004|LK012
		}
	}
}

func (e *events) shutdown() {
	e.stop <- true
}
