// Package kernel numbers invoices from a generator that runs for ever; who has enough goes away.
package kernel

type invoice struct {
	number   int
	customer string
}

func numbers(from int) <-chan int {
	out := make(chan int)
	go func() {
		for number := from; ; number++ {
			out <- number // want LK014|LK001; stuck
		}
	}()
	return out
}

func bill(customers []string) []invoice {
	next := numbers(1000) // via
	var invoices []invoice
	for _, customer := range customers {
		invoices = append(invoices, invoice{<-next, customer})
	}
	return invoices
}
