package fixed

// Run asks for n rates.
func Run(n int) {
	r := rates{byCurrency: map[string]float64{"EUR": 1.1}}
	for range n {
		go r.ask("EUR")
	}
}
