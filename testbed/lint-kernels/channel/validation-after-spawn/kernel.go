// Package kernel starts to reserve stock and only then validates the order; a bad order leaves the reservation unheard.
package kernel

import "fmt"

type order struct {
	item  string
	units int
}

type reservation struct{ id int }

func place(o order, reserve func(order) reservation) (reservation, error) {
	reserved := make(chan reservation) // via
	go func() {
		reserved <- reserve(o) // via; stuck
	}()
	if err := validate(o); err != nil {
		return reservation{}, err // want LK013|LK001
	}
	return <-reserved, nil
}

func validate(o order) error {
	if o.units <= 0 {
		return fmt.Errorf("%d units of %s", o.units, o.item)
	}
	return nil
}
