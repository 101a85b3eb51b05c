// Package fixed asks for the rate of a currency over a channel that is made before it is used.
package fixed

type rates struct {
	byCurrency map[string]float64
}

func (r rates) ask(currency string) float64 {
	reply := make(chan float64)
	go func() {
		reply <- r.byCurrency[currency]
	}()
	return <-reply
}
