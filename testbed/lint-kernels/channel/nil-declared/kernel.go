// Package kernel asks for the rate of a currency over a channel that was declared and never made.
package kernel

type rates struct {
	byCurrency map[string]float64
}

func (r rates) ask(currency string) float64 {
	var reply chan float64 // want LK003
	go func() {
		reply <- r.byCurrency[currency] // via; stuck
	}()
	return <-reply // via; stuck
}
