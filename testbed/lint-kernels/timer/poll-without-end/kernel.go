// Package kernel waits for a deployment until it is ready; one that fails is asked for for ever.
package kernel

import (
	"errors"
	"time"
)

type deployment interface {
	ready() (bool, error)
}

func wait(d deployment, ready chan<- struct{}, every time.Duration) {
	for {
		ok, err := d.ready()
		if ok && err == nil {
			close(ready)
			return
		}
		time.Sleep(every) // want LK008; stuck
	}
}

func rollOut(d deployment, every, limit time.Duration) error {
	ready := make(chan struct{})
	go wait(d, ready, every)
	select {
	case <-ready:
		return nil
	case <-time.After(limit):
		return errors.New("deployment is not ready") // via
	}
}

type failed struct{}

func (failed) ready() (bool, error) { return false, errors.New("image not found") }
