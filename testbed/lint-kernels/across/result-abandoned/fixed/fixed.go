// Package fixed asks for a price through a function of another package that has room for a late one.
package fixed

import (
	"errors"
	"time"

	"github.com/goherd/goherd/testbed/lint-kernels/across/result-abandoned/fixed/workers"
)

func price(ask func() int, limit time.Duration) (int, error) {
	select {
	case cents := <-workers.Start(ask):
		return cents, nil
	case <-time.After(limit):
		return 0, errors.New("no price in time")
	}
}
