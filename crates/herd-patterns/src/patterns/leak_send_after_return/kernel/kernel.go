// Package kernel asks a slow tariff engine and gives up after a timeout; the answer then finds nobody.
package kernel

import (
	"errors"
	"time"
)

const timeout = 20 * time.Millisecond

var errTimeout = errors.New("tariff engine too slow")

// Run serves n customers whose tariff takes longer than they wait.
func Run(n int) {
	for customer := 0; customer < n; customer++ {
		go serveCustomer(customer)
	}
}

func serveCustomer(customer int) (int, error) {
	answer := make(chan int)
	go func() { // from LK013
		answer <- tariff(customer) // want LK013
	}()
	select {
	case cents := <-answer:
		return cents, nil
	case <-time.After(timeout):
		return 0, errTimeout
	}
}

func tariff(customer int) int {
	time.Sleep(20 * timeout)
	return 30 + customer%5
}
