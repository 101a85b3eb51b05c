// Package kernel renders the pages of a document with a pool made for it; nobody ends the pool.
package kernel

type page struct {
	number int
	image  []byte
}

func render(pages, workers int) []page {
	numbers := make(chan int) // want LK012|LK002
	rendered := make(chan page, pages)
	for range workers {
		go draw(numbers, rendered)
	}
	for number := range pages {
		numbers <- number
	}
	document := make([]page, 0, pages)
	for range pages {
		document = append(document, <-rendered)
	}
	return document // via
}

func draw(numbers <-chan int, rendered chan<- page) {
	for number := range numbers { // via; stuck
		rendered <- page{number: number, image: make([]byte, 16)}
	}
}
