// Package kernel waits for an answer or a timer and, as one did before Go 1.23, drains the timer that it has already received from.
package kernel

import (
	"errors"
	"time"
)

var errLate = errors.New("no answer in time")

type call struct {
	reply chan string
}

func (c *call) wait(limit time.Duration) (string, error) {
	timer := time.NewTimer(limit)
	answer, err := "", errLate
	select {
	case answer = <-c.reply:
		err = nil
	case <-timer.C: // via
	}
	if !timer.Stop() {
		<-timer.C // want LK002; stuck
	}
	return answer, err
}
