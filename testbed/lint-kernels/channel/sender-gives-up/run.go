package kernel

import "errors"

// Run asks for n thumbnails of pictures that cannot be read.
func Run(n int) {
	requests := make(chan request)
	go worker(requests, func(string) ([]byte, error) { return nil, errors.New("not a picture") })
	for range n {
		go thumb(requests, "cat.png")
	}
}
