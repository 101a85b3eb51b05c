// Package fixed waits for an answer or a timer; a timer that was stopped has nothing to drain.
package fixed

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
	defer timer.Stop()
	answer, err := "", errLate
	select {
	case answer = <-c.reply:
		err = nil
	case <-timer.C:
	}
	return answer, err
}
