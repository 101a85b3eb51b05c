// Package fixed renders the pages of a document with a pool that ends with the document.
package fixed

type page struct {
	number int
	image  []byte
}

func render(pages, workers int) []page {
	numbers := make(chan int)
	rendered := make(chan page, pages)
	for range workers {
		go draw(numbers, rendered)
	}
	for number := range pages {
		numbers <- number
	}
	close(numbers)
	document := make([]page, 0, pages)
	for range pages {
		document = append(document, <-rendered)
	}
	return document
}

func draw(numbers <-chan int, rendered chan<- page) {
	for number := range numbers {
		rendered <- page{number: number, image: make([]byte, 16)}
	}
}
