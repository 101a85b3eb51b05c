// Package kernel asks for a price through a function of another package and goes away when it takes too long.
package kernel

import (
	"errors"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/across/result-abandoned/workers"
)

func price(ask func() int, limit time.Duration) (int, error) {
	select {
	case cents := <-workers.Start(ask): // via
		return cents, nil
	case <-time.After(limit):
		return 0, errors.New("no price in time") // via
	}
}
