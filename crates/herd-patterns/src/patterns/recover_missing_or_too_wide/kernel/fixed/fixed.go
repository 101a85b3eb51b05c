// Package fixed prints pages in goroutines; each recovers for itself and hands on what went wrong.
package fixed

import (
	"errors"
	"fmt"
)

type page struct {
	number int
	lines  []string
}

type press struct {
	draw func(page) string
}

// Run prints n pages, all of them empty: none can be drawn, and the caller is told so.
func Run(n int) {
	p := press{draw: func(empty page) string { return empty.lines[0] }}
	p.print(make([]page, n))
}

type result struct {
	text string
	err  error
}

func (p press) print(pages []page) (printed []string, err error) {
	drawn := make(chan result, len(pages))
	for _, one := range pages {
		go func(one page) {
			var r result
			defer func() {
				if reason := recover(); reason != nil {
					r.err = fmt.Errorf("page %d: %v", one.number, reason)
				}
				drawn <- r
			}()
			r.text = p.draw(one)
		}(one)
	}
	for range pages {
		r := <-drawn
		printed, err = append(printed, r.text), errors.Join(err, r.err)
	}
	return printed, err
}
