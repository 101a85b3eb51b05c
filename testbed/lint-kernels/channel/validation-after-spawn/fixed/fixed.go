// Package fixed validates an order before it starts to reserve stock.
package fixed

import "fmt"

type order struct {
	item  string
	units int
}

type reservation struct{ id int }

func place(o order, reserve func(order) reservation) (reservation, error) {
	if err := validate(o); err != nil {
		return reservation{}, err
	}
	reserved := make(chan reservation)
	go func() {
		reserved <- reserve(o)
	}()
	return <-reserved, nil
}

func validate(o order) error {
	if o.units <= 0 {
		return fmt.Errorf("%d units of %s", o.units, o.item)
	}
	return nil
}
