// Package kernel prints pages in goroutines; the recover stands in the function that starts them and does not see their panics.
package kernel

import "fmt"

type page struct {
	number int
	lines  []string
}

type press struct {
	draw func(page) string
}

// Run prints n pages, all of them empty: the first to be drawn ends the process.
func Run(n int) {
	p := press{draw: func(empty page) string { return empty.lines[0] }}
	p.print(make([]page, n))
}

func (p press) print(pages []page) (printed []string, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("print: %v", reason)
		}
	}()
	drawn := make(chan string, len(pages))
	for _, one := range pages {
		go func(one page) { // want LO003
			drawn <- p.draw(one)
		}(one)
	}
	for range pages {
		printed = append(printed, <-drawn)
	}
	return printed, nil
}
