// Package fixed handles events until it is told to stop and leaves its loop, not only the select.
package fixed

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
		select {
		case <-e.incoming:
			e.handled++
		case <-e.stop:
			return
		}
	}
}

func (e *events) shutdown() {
	e.stop <- true
}
