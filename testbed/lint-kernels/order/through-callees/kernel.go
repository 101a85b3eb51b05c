// Package kernel bills usage: reading usage writes invoices, and writing an invoice reads usage.
package kernel

import (
	"runtime"
	"sync"
	"time"
)

type billing struct {
	usageMu   sync.Mutex
	usage     map[string]int
	invoiceMu sync.Mutex
	invoices  map[string]int
}

func newBilling() *billing {
	return &billing{usage: map[string]int{"acme": 40}, invoices: map[string]int{}}
}

func (b *billing) closeMonth(customer string) {
	b.usageMu.Lock() // via
	defer b.usageMu.Unlock()
	units := b.usage[customer]
	pause()
	b.writeInvoice(customer, units) // via; stuck
	b.usage[customer] = 0
}

func (b *billing) writeInvoice(customer string, units int) {
	b.invoiceMu.Lock() // via; stuck
	defer b.invoiceMu.Unlock()
	b.invoices[customer] += units * 3
}

func (b *billing) correct(customer string) {
	b.invoiceMu.Lock() // via
	defer b.invoiceMu.Unlock()
	pause()
	b.invoices[customer] = b.readUsage(customer) * 3 // want DL002; stuck
}

func (b *billing) readUsage(customer string) int {
	b.usageMu.Lock() // via; stuck
	defer b.usageMu.Unlock()
	return b.usage[customer]
}

// pause stands for work that takes a while.
func pause() {
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		runtime.Gosched()
	}
}
