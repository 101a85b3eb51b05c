package kernel

// Run closes the month of n customers while their invoices are corrected.
func Run(n int) {
	for range n {
		b := newBilling()
		go b.closeMonth("acme")
		go b.correct("acme")
	}
}
