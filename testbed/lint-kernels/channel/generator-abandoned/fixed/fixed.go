// Package fixed numbers invoices from a generator that ends with its user.
package fixed

import "context"

type invoice struct {
	number   int
	customer string
}

func numbers(ctx context.Context, from int) <-chan int {
	out := make(chan int)
	go func() {
		for number := from; ; number++ {
			select {
			case out <- number:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func bill(customers []string) []invoice {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	next := numbers(ctx, 1000)
	var invoices []invoice
	for _, customer := range customers {
		invoices = append(invoices, invoice{<-next, customer})
	}
	return invoices
}
